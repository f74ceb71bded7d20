from __future__ import annotations

import numpy as np
import pytest

from lyricgen.model.probability import draw, draw_weighted, exponentials, log_softmax, probabilities_of, softmax

LOGITS = np.log(np.array([[0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.1, 0.1]]))
NEVER = -np.inf


def test_softmax_by_hand() -> None:
    np.testing.assert_allclose(softmax(LOGITS), np.exp(LOGITS))
    np.testing.assert_allclose(softmax(np.array([[1000.0, 1000.0, NEVER]])), [[0.5, 0.5, 0]])


def test_softmax_of_any_offset_temperature_and_precision() -> None:
    for offset in (-900.0, 0.0, 900.0):
        np.testing.assert_allclose(softmax(LOGITS + offset), np.exp(LOGITS))
        np.testing.assert_allclose(log_softmax(LOGITS + offset), LOGITS)
    powers = np.exp(LOGITS) ** 2
    np.testing.assert_allclose(softmax(LOGITS, 0.5), powers / powers.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(exponentials(LOGITS).max(axis=1), 1)
    assert softmax(LOGITS.astype(np.float32), 0.7).dtype == np.float32
    np.testing.assert_array_equal(softmax(np.array([1.0, NEVER])), [1, 0])


def test_a_softmax_leaves_its_logits_as_they_are() -> None:
    logits = LOGITS.copy()
    softmax(logits, 0.5)
    log_softmax(logits)
    draw(logits, np.array([0.5, 0.5]))
    np.testing.assert_array_equal(logits, LOGITS)


def test_probabilities_of_are_those_of_the_softmax() -> None:
    ids = np.array([2, 0])
    np.testing.assert_allclose(probabilities_of(LOGITS.astype(np.float32), ids), [0.3, 0.7], rtol=1e-6)


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


def test_weighted_draws_are_in_proportion() -> None:
    weights = np.zeros((1, 200), np.float32)
    weights[0, [0, 63, 64, 199]] = [1, 2, 3, 4]
    uniforms = (np.arange(1000) + 0.5) / 1000
    ids, masses = draw_weighted(np.repeat(weights, 1000, axis=0), uniforms)
    assert np.bincount(ids, minlength=200)[[0, 63, 64, 199]].tolist() == [100, 200, 300, 400]
    assert set(masses) == {10.0}
    assert draw_weighted(weights * 0, np.array([0.5]))[1] == 0
    assert draw_weighted(weights, np.array([1 - 1e-17]))[0] == 199


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_next_to_no_temperature_is_the_likeliest(precision: type) -> None:
    np.testing.assert_array_equal(softmax(LOGITS.astype(precision), 1e-60), [[0, 0, 0, 1], [1, 0, 0, 0]])
