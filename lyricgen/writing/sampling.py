"""Logits (N, V) of N songs -> restricted logits (N, V) -> ids (N,)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lyricgen.config import SampleConfig
from lyricgen.model.probability import draw_weighted, exponentials, softmax
from lyricgen.text.vocabulary import UNKNOWN

Logits = NDArray[np.floating[Any]]
NEVER = -np.inf


def without_unknown(logits: Logits) -> Logits:
    """A copy in which the unknown character cannot be drawn, because it cannot be printed."""
    allowed = logits.copy()
    allowed[:, UNKNOWN] = NEVER
    return allowed


def top_k(logits: Logits, k: int) -> Logits:
    """Keep the ``k`` most likely characters (Fan et al. 2018), and those as likely as the k-th."""
    if k >= logits.shape[-1]:
        return logits
    threshold = np.partition(logits, -k, axis=-1)[:, -k, None]
    return np.where(logits >= threshold, logits, NEVER)


def top_p(logits: Logits, p: float) -> Logits:
    """Keep the smallest set of characters whose total probability is at least ``p`` (Holtzman et al. 2020)."""
    order = np.argsort(-logits, axis=-1, kind="stable")
    sorted_probabilities = np.take_along_axis(softmax(logits), order, axis=-1)
    before = np.cumsum(sorted_probabilities, axis=-1) - sorted_probabilities
    kept = np.empty(logits.shape, bool)
    np.put_along_axis(kept, order, before < p, axis=-1)
    return np.where(kept, logits, NEVER)


def restrict(logits: Logits, config: SampleConfig) -> Logits:
    """Top-k, then top-p, of logits that are already divided by the temperature."""
    if config.top_k:
        logits = top_k(logits, config.top_k)
    return top_p(logits, config.top_p) if config.top_p < 1 else logits


def choose(logits: Logits, config: SampleConfig, uniforms: NDArray[np.float64]) -> NDArray[np.intp]:
    """Logits (N, V) -> ids (N,): temperature, then top-k, then top-p, then a draw; temperature 0 is argmax."""
    allowed = without_unknown(logits)
    if config.temperature == 0:
        ids: NDArray[np.intp] = np.argmax(allowed, axis=-1)
        return ids
    if config.top_k or config.top_p < 1:
        weights = exponentials(restrict(allowed.astype(np.float64) / config.temperature, config))
    else:
        weights = exponentials(allowed, config.temperature)
    return draw_weighted(weights, uniforms)[0]


def likeliest(scores: Logits, count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(rows, ids) of the ``count`` highest scores (N, V), the highest first. Scores of -inf are left out."""
    flat = scores.ravel()
    count = min(count, int(np.count_nonzero(flat > NEVER)))
    places = np.argpartition(-flat, max(count - 1, 0))[:count]
    places = places[np.argsort(-flat[places], kind="stable")]
    rows, ids = np.divmod(places, scores.shape[1])
    return rows, ids
