from __future__ import annotations

from typing import Any

import numpy as np

from lyricgen.config import SampleConfig
from lyricgen.model.probability import softmax
from lyricgen.writing.sampling import NEVER, choose, top_k, top_p, without_unknown

LOGITS = np.log(np.array([[0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.1, 0.1]]))


def kept(logits: Any) -> list[list[int]]:
    return [np.flatnonzero(row > NEVER).tolist() for row in logits]


def frequencies(logits: Any, config: SampleConfig, count: int = 200_000) -> Any:
    uniforms = np.random.default_rng(0).random(count)
    ids = choose(np.repeat(logits, count, axis=0), config, uniforms)
    return np.bincount(ids, minlength=logits.shape[1]) / count


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


def test_a_tiny_temperature_does_not_overflow() -> None:
    assert choose(np.array([[0.0, 1.0, 2.0]]), SampleConfig(temperature=0.001), np.array([0.5])).tolist() == [2]
