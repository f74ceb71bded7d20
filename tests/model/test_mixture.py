from __future__ import annotations

from typing import Callable

import numpy as np
import pytest

from lyricgen.model import cache
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.model.mixture import SHARES, Mixture, component_probabilities, fit, with_cache
from lyricgen.model.ngram import NGram, estimate

Make = Callable[..., Checkpoint]


@pytest.fixture
def models(random_checkpoint: Make) -> list[object]:
    checkpoint = random_checkpoint(cell="lstm", layers=2)
    size = len(checkpoint.vocabulary)
    ids = np.random.default_rng(0).integers(1, size, 200)
    return [checkpoint.decoder(), NGram(estimate(ids, 3, size), 3, size), size]


@pytest.mark.parametrize("cached", [False, True])
def test_probabilities_sum_to_one_and_steps_are_the_score(models: list, cached: bool) -> None:
    *decoders, size = models
    given = np.array([0.3, 0.7])
    mixture = Mixture(decoders, with_cache(given) if cached else given[None], size)
    ids = np.tile(np.random.default_rng(1).integers(1, size, 12), 3)
    state, scored = mixture.initial_state(2), mixture.probabilities(ids)
    for place, identity in enumerate(ids[:-1]):
        logits, state = mixture.step(np.array([identity, 1]), state)
        probabilities = np.exp(logits.astype(np.float64))
        assert probabilities.sum(axis=1) == pytest.approx([1, 1], abs=1e-4)
        assert probabilities[0, ids[place + 1]] == pytest.approx(scored[place], rel=1e-4)
    state = mixture.select(state, np.array([1, 0, 0]))
    logits, _ = mixture.step(np.array([2, 2, 2]), state)
    np.testing.assert_array_equal(logits[1], logits[2])
    assert not np.array_equal(logits[0], logits[1])


def test_a_mixture_of_one_is_that_one(models: list) -> None:
    decoder, other, size = models
    ids = np.random.default_rng(2).integers(1, size, 30)
    only = Mixture([decoder, other], np.array([[1.0, 0.0]]), size)
    np.testing.assert_allclose(only.probabilities(ids), decoder.probabilities(ids))


def test_the_fit_finds_the_shares_that_made_a_text() -> None:
    rng = np.random.default_rng(0)
    made = [np.array([0.7, 0.1, 0.1, 0.1]), np.array([0.1, 0.1, 0.1, 0.7])]
    ids = np.where(rng.random(20_000) < 0.3, rng.choice(4, 20_000, p=made[0]), rng.choice(4, 20_000, p=made[1]))
    probabilities = np.stack([model[ids] for model in made], axis=1)
    fitted = fit(probabilities, np.zeros(len(ids), int), 1)
    assert fitted[0] == pytest.approx([0.3, 0.7], abs=0.02)
    before = np.log(probabilities @ [0.5, 0.5]).sum()
    assert np.log(probabilities @ fitted[0]).sum() > before


def test_rows_are_fitted_apart_and_thin_ones_stay_near_the_rest() -> None:
    probabilities = np.array([[0.9, 0.1]] * 500 + [[0.1, 0.9]] * 500 + [[0.9, 0.1]])
    rows = np.array([0] * 500 + [1] * 500 + [2])
    fitted = fit(probabilities, rows, 4)
    assert fitted[0].tolist() == [1, 0], "the cache finds nothing at an agreement of 0"
    assert fitted[1, 1] > 0.95
    assert 0.5 < fitted[2, 0] < 0.9
    assert fitted[3] == pytest.approx([0.5, 0.5], abs=0.02), "nobody in this row: the overall weights"
    assert fitted.sum(axis=1) == pytest.approx(np.ones(4))


def test_the_usual_shares() -> None:
    assert len(SHARES) == cache.LONGEST + 1
    assert SHARES[0] == 0
    assert np.all(np.diff(SHARES) >= 0)
    weights = with_cache(np.array([0.5, 0.5]))
    assert weights.shape == (cache.LONGEST + 1, 3)
    assert weights.sum(axis=1) == pytest.approx(np.ones(len(weights)))


def test_component_probabilities_are_those_of_each_model(models: list) -> None:
    *decoders, size = models
    ids = np.random.default_rng(2).integers(1, size, 30)
    each, lengths = component_probabilities(decoders, ids, cached=True)
    assert each.shape == (29, 3)
    np.testing.assert_array_equal(each[:, 0], decoders[0].probabilities(ids))
    np.testing.assert_array_equal(each[:, 2], cache.probabilities(ids)[0])
    assert lengths.max() <= cache.LONGEST
