"""Several models of one vocabulary, mixed in probability, with or without a cache of the text itself.

    p(w) = Σ_i λ_i(n) p_i(w)

The weights depend on n, the length of the cache's agreement (0 without a cache): where a text repeats itself the cache
predicts best, elsewhere the models do. They are fitted by expectation-maximisation (Dempster et al. 1977; for
language models, Jelinek & Mercer 1980).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lyricgen.model import cache
from lyricgen.model.decoder import Chunked, Decoder
from lyricgen.model.parameters import Floats
from lyricgen.model.probability import TINY, softmax
from lyricgen.text.vocabulary import Ids

Weights = NDArray[np.float64]  # (agreements, models): one row without a cache, LONGEST + 1 with one, which is the last
_ROUNDS = 50
_PRIOR = 2.0  # characters' worth of the overall weights that each row begins with
# The cache's share by the length of the agreement, where there is no text to fit it on.
SHARES = np.array([0.0, 0.02, 0.1, 0.3, 0.5, 0.65, 0.75, 0.8, 0.85, *[0.9] * (cache.LONGEST - 8)])


def with_cache(weights: Weights) -> Weights:
    """Weights (K,) of the models -> (LONGEST + 1, K + 1) with the cache's usual shares."""
    shares = SHARES[:, None]
    return np.concatenate([(1 - shares) * weights, shares], axis=1)


def fit(probabilities: Weights, lengths: NDArray[np.intp], rows: int) -> Weights:
    """Fit the weights (rows, K) under which a text is most likely.

    ``probabilities`` (T, K): of the characters of the text, by each model; ``lengths`` (T,): the row that each belongs
    to, the cache's longest agreement if there are several; the cache is the last model. Rows are smoothed towards the
    weights of all rows together, so that a row with few characters does not overfit.
    """
    overall = _maximise(probabilities, np.full(probabilities.shape[1], 1 / probabilities.shape[1]), 0.0)
    fitted = np.stack([_maximise(probabilities[lengths == row], overall, _PRIOR) for row in range(rows)])
    if rows > 1:  # where nothing agrees the cache has no probability to give
        fitted[0, -1] = 0
        fitted[0] /= fitted[0].sum()
    return fitted


def _maximise(probabilities: Weights, start: Weights, prior: float) -> Weights:
    weights = start
    for _ in range(_ROUNDS if len(probabilities) else 0):
        joint = probabilities * weights
        posterior = joint / np.maximum(joint.sum(axis=1, keepdims=True), 1e-300)
        weights = posterior.sum(axis=0) + prior * start
        weights = weights / weights.sum()
    return weights


class Mixture:
    """Models and, with more than one row of weights, a cache; itself a model."""

    def __init__(self, models: Sequence[Decoder], weights: Weights, size: int) -> None:
        self._models = models
        self._weights = weights
        self._size = size
        self._cached = weights.shape[1] > len(models)

    def initial_state(self, batch_size: int = 1) -> list[Any]:
        """Return the initial states of all models, and of the cache."""
        states = [model.initial_state(batch_size) for model in self._models]
        return states + ([cache.initial_state(batch_size)] if self._cached else [])

    def select(self, state: list[Any], rows: NDArray[np.intp]) -> list[Any]:
        """Return the state of the songs ``rows``."""
        selected = [model.select(part, rows) for model, part in zip(self._models, state)]
        return selected + ([cache.select(state[-1], rows)] if self._cached else [])

    def join(self, states: Sequence[list[Any]]) -> list[Any]:
        """Join the states of several groups of songs into that of one."""
        joined = [model.join(parts) for model, parts in zip(self._models, zip(*states))]
        return joined + ([cache.join([state[-1] for state in states])] if self._cached else [])

    def step(self, ids: Ids, state: list[Any]) -> tuple[Floats, list[Any]]:
        """ids (N,), state -> ln p (N, V) of what follows, state after them."""
        parts, states = [], []
        for model, before in zip(self._models, state):
            logits, after = model.step(ids, before)
            parts.append(softmax(logits))
            states.append(after)
        lengths = np.zeros(len(ids), np.intp)
        if self._cached:
            states.append(cache.extend(state[-1], ids))
            parts.append(cache.distribution(states[-1], self._size).astype(np.float32))
            lengths = cache.longest(states[-1])
        return self._mix(parts, self._weights[lengths].astype(np.float32)), states

    def logit_chunks(self, ids: Ids) -> Iterator[Floats]:
        """ln p (T', V) of the characters of a text (T,) after the first, some at a time."""
        if self._cached or not all(isinstance(model, Chunked) for model in self._models):
            state = self.initial_state(1)
            for before in ids[:-1]:
                logits, state = self.step(np.array([before]), state)
                yield logits
            return
        for chunks in zip(*(model.logit_chunks(ids) for model in self._models if isinstance(model, Chunked))):
            yield self._mix([softmax(logits) for logits in chunks], self._weights.astype(np.float32))

    def _mix(self, parts: Sequence[Floats], weights: Floats) -> Floats:
        """Probabilities (N, V) of each model, overwritten, and weights (N or 1, models) -> ln p (N, V)."""
        for part, weight in zip(parts, weights.T):
            part *= weight[:, None]
        mixed = sum(parts[1:], parts[0])
        np.maximum(mixed, TINY, out=mixed)
        return np.log(mixed, out=mixed)

    def probabilities(self, ids: Ids) -> Weights:
        """Return the probability of every character of a text (T,) after the first: (T - 1,)."""
        components, lengths = component_probabilities(self._models, ids, cached=self._cached)
        mixed: Weights = (components * self._weights[lengths]).sum(axis=1)
        return mixed


def component_probabilities(models: Sequence[Decoder], ids: Ids, *, cached: bool) -> tuple[Weights, NDArray[np.intp]]:
    """Return the probabilities (T - 1, K) by each model (and the cache), and the cache's agreements (T - 1,)."""
    components = [model.probabilities(ids) for model in models]
    lengths = np.zeros(len(ids) - 1, np.intp)
    if cached:
        from_cache, lengths = cache.probabilities(ids)
        components.append(from_cache)
    return np.stack(components, axis=1), lengths
