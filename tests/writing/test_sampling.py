from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lyricgen.config import SampleConfig
from lyricgen.writing.sampling import NEVER, choose, draw, draw_shares, softmax, top_k, top_p, without_unknown

LOGITS = np.log(np.array([[0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.1, 0.1]]))


def kept(logits: Any) -> list[list[int]]:
    return [np.flatnonzero(row > NEVER).tolist() for row in logits]


def frequencies(logits: Any, config: SampleConfig, count: int = 200_000) -> Any:
    uniforms = np.random.default_rng(0).random(count)
    ids = choose(np.repeat(logits, count, axis=0), config, uniforms)
    return np.bincount(ids, minlength=logits.shape[1]) / count


def test_softmax_by_hand() -> None:
    np.testing.assert_allclose(softmax(LOGITS), np.exp(LOGITS))
    np.testing.assert_allclose(softmax(np.array([[1000.0, 1000.0, NEVER]])), [[0.5, 0.5, 0]])


def test_top_k_by_hand() -> None:
    assert kept(top_k(LOGITS, 1)) == [[3], [0]]
    assert kept(top_k(LOGITS[:1], 2)) == [[2, 3]]
    assert kept(top_k(LOGITS, 9)) == [[0, 1, 2, 3]] * 2


def test_top_p_by_hand() -> None:
    assert kept(top_p(LOGITS, 0.39)) == [[3], [0]]
    assert kept(top_p(LOGITS[:1], 0.41)) == [[2, 3]]
    assert kept(top_p(LOGITS[:1], 0.95)) == [[0, 1, 2, 3]]
    assert kept(top_p(LOGITS, 1e-9)) == [[3], [0]]
    assert kept(top_p(np.zeros((1, 4)), 0.5)) == [[0, 1]]


def test_drawn_frequencies_are_the_softmax() -> None:
    logits = np.random.default_rng(3).normal(0, 1.5, (1, 12))
    config = SampleConfig(temperature=0.7)
    expected = softmax(without_unknown(logits) / 0.7)[0]
    found = frequencies(logits, config)
    error = np.sqrt(expected * (1 - expected) / 200_000)
    assert np.all(np.abs(found - expected) <= 5 * error + 1e-12)
    assert found[0] == 0


def test_drawn_frequencies_with_top_k_and_top_p() -> None:
    logits = np.concatenate([[[9.0]], LOGITS[:1]], axis=1)  # the unknown character first
    np.testing.assert_allclose(
        frequencies(logits, SampleConfig(temperature=1.0, top_k=2)), [0, 0, 0, 3 / 7, 4 / 7], atol=0.005
    )
    np.testing.assert_allclose(
        frequencies(logits, SampleConfig(temperature=1.0, top_p=0.8)), [0, 0, 2 / 9, 3 / 9, 4 / 9], atol=0.005
    )


def test_temperature_zero_is_argmax_and_needs_no_chance() -> None:
    logits = np.array([[5.0, 1.0, 3.0, 2.0], [0.0, 4.0, 3.0, 2.0]])
    assert choose(logits, SampleConfig(temperature=0.0), np.array([0.1, 0.9])).tolist() == [2, 1]


@pytest.mark.parametrize("uniform", [0.0, 0.5, np.nextafter(1, 0)])
def test_a_draw_is_always_a_possible_character(uniform: float) -> None:
    logits = np.array([[NEVER, -700.0, 0.0, NEVER, -1.0, NEVER]])
    assert draw(logits, np.array([uniform]))[0] in (1, 2, 4)
    assert draw(np.zeros((1, 5000)), np.array([uniform]))[0] < 5000


def test_a_draw_is_the_inverse_of_the_cumulative_distribution() -> None:
    rng = np.random.default_rng(8)
    for size in (1, 63, 64, 65, 1000):
        logits = np.where(rng.random((50, size)) < 0.3, NEVER, rng.normal(0, 3, (50, size)))
        logits[:, rng.integers(size)] = 0.0
        uniforms, cumulative = rng.random(50), np.cumsum(softmax(logits), axis=1)
        expected = [int(np.searchsorted(row, u, side="right")) for row, u in zip(cumulative, uniforms)]
        assert draw(logits, uniforms).tolist() == expected


def test_a_tiny_temperature_does_not_overflow() -> None:
    assert choose(np.array([[0.0, 1.0, 2.0]]), SampleConfig(temperature=1e-30), np.array([0.5])).tolist() == [2]


def test_shares_are_drawn_in_proportion() -> None:
    shares = np.zeros((1, 200), np.float32)
    shares[0, [0, 63, 64, 199]] = [1, 2, 3, 4]
    uniforms = (np.arange(1000) + 0.5) / 1000
    ids, masses = draw_shares(np.repeat(shares, 1000, axis=0), uniforms)
    assert np.bincount(ids, minlength=200)[[0, 63, 64, 199]].tolist() == [100, 200, 300, 400]
    assert set(masses) == {10.0}
    assert draw_shares(shares * 0, np.array([0.5]))[1] == 0
    assert draw_shares(shares, np.array([1 - 1e-17]))[0] == 199
