"""Logits -> logits -> ids, for a batch of songs at once: (N, V) in, (N, V) or (N,) out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lyricgen.config import SampleConfig
from lyricgen.text.vocabulary import UNKNOWN

Logits = NDArray[np.float64]
NEVER = -np.inf


def softmax(logits: Logits) -> Logits:
    """Probabilities (N, V) along the last axis; a logit of -inf has none."""
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: Logits = weights / weights.sum(axis=-1, keepdims=True)
    return probabilities


def without_unknown(logits: NDArray[np.floating[Any]]) -> Logits:
    """A copy in which the unknown character cannot be drawn: it has no sign to print."""
    allowed = logits.astype(np.float64)
    allowed[:, UNKNOWN] = NEVER
    return allowed


def top_k(logits: Logits, k: int) -> Logits:
    """Only the ``k`` most likely characters stay possible (Fan et al. 2018), and those as likely as the k-th."""
    if k >= logits.shape[-1]:
        return logits
    threshold = np.partition(logits, -k, axis=-1)[:, -k, None]
    return np.where(logits >= threshold, logits, NEVER)


def top_p(logits: Logits, p: float) -> Logits:
    """Only the smallest set of characters with probability ``p`` together stays possible (Holtzman et al. 2020)."""
    order = np.argsort(-logits, axis=-1, kind="stable")
    sorted_probabilities = np.take_along_axis(softmax(logits), order, axis=-1)
    before = np.cumsum(sorted_probabilities, axis=-1) - sorted_probabilities
    kept = np.empty(logits.shape, bool)
    np.put_along_axis(kept, order, before < p, axis=-1)
    return np.where(kept, logits, NEVER)


def draw(logits: Logits, uniforms: NDArray[np.float64]) -> NDArray[np.intp]:
    """One id for each row by inversion: the first whose cumulative probability exceeds ``uniforms`` (N,) in [0, 1)."""
    cumulative = logits - logits.max(axis=-1, keepdims=True)
    np.cumsum(np.exp(cumulative, out=cumulative), axis=-1, out=cumulative)
    total = cumulative[:, -1]
    threshold = np.minimum(uniforms * total, np.nextafter(total, 0))
    ids: NDArray[np.intp] = np.argmax(cumulative > threshold[:, None], axis=-1)
    return ids


def choose(logits: NDArray[np.floating[Any]], config: SampleConfig, uniforms: NDArray[np.float64]) -> NDArray[np.intp]:
    """Logits (N, V) -> ids (N,): temperature, then top-k, then top-p, then a draw; temperature 0 is argmax."""
    allowed = without_unknown(logits)
    if config.temperature == 0:
        ids: NDArray[np.intp] = np.argmax(allowed, axis=-1)
        return ids
    allowed /= config.temperature
    if config.top_k:
        allowed = top_k(allowed, config.top_k)
    if config.top_p < 1:
        allowed = top_p(allowed, config.top_p)
    return draw(allowed, uniforms)
