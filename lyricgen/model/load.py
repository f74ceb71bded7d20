"""A checkpoint -> a predictor: a network, the n-grams beside it and, on request, a cache of the song so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lyricgen.model import cache as caches
from lyricgen.model import mixture
from lyricgen.model.bidirectional import Bidirectional
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.model.decoder import Decoder
from lyricgen.text.vocabulary import Ids

_LONGEST_FIT = 20_000  # characters: more change the weights by little


class Fit(NamedTuple):
    """How the weights of a mixture with a cache were fitted: the number of characters, and the mean weights."""

    characters: int
    mean: list[float]


class Predictor(NamedTuple):
    """A model that predicts; of a mixture also its weights and, if they were fitted, how."""

    model: Decoder | Bidirectional
    weights: mixture.Weights | None = None
    fit: Fit | None = None


def predictor(checkpoint: Checkpoint) -> Predictor:
    """Build the model of a checkpoint as it was trained."""
    if checkpoint.model.bidirectional:
        return Predictor(Bidirectional(checkpoint.model, checkpoint.parameters))
    return Predictor(checkpoint.decoder(), checkpoint.shares[None] if checkpoint.counted else None)


def with_cache(checkpoint: Checkpoint, fit_on: Ids | None) -> Predictor:
    """Build the model with a cache; the weights are fitted on a text (T,), or without one the usual ones."""
    models = [checkpoint.main_model(), *checkpoint.ngrams_beside()]
    fitted = fit = None
    if fit_on is not None and len(fit_on) > 1:
        fitted, fit = _fit(models, fit_on)
    weights = mixture.with_cache(checkpoint.shares) if fitted is None else fitted
    return Predictor(mixture.Mixture(models, weights, len(checkpoint.vocabulary)), weights, fit)


def _fit(decoders: Sequence[Decoder], ids: Ids) -> tuple[mixture.Weights, Fit]:
    probabilities, lengths = mixture.component_probabilities(decoders, ids[:_LONGEST_FIT], cached=True)
    fitted = mixture.fit(probabilities, lengths, caches.LONGEST + 1)
    counts = np.bincount(lengths, minlength=len(fitted))
    return fitted, Fit(len(lengths), ((fitted * counts[:, None]).sum(axis=0) / counts.sum()).tolist())
