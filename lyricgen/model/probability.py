"""Logits -> probabilities -> ids, along the last axis; a logit of -inf has no probability."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lyricgen.model.parameters import Floats
from lyricgen.text.vocabulary import Ids

TINY = 1e-37  # a probability that single precision rounds to zero must not become an infinite logit or loss
_COLDEST = 1e-30  # a lower temperature is zero, or nearly, in single precision
_FEW = 2  # rows
_BLOCK = 64  # ids whose weights are summed up before a draw


def exponentials(logits: NDArray[Any], temperature: float = 1.0) -> NDArray[Any]:
    """exp((logits - their maximum) / temperature) (..., V), in the precision of ``logits``: softmax, but not divided by
    the sum. The maximum keeps it from overflowing (Goodfellow et al. 2016, section 4.1).
    """
    shifted: NDArray[Any] = logits - logits.max(axis=-1, keepdims=True)
    if temperature != 1:
        shifted /= max(temperature, _COLDEST)
    np.exp(shifted, out=shifted)
    return shifted


def softmax(logits: NDArray[Any], temperature: float = 1.0) -> NDArray[Any]:
    """Probabilities (..., V), in the precision of ``logits``."""
    weights = exponentials(logits, temperature)
    weights /= weights.sum(axis=-1, keepdims=True)
    return weights


def log_softmax(logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """ln of the probabilities (..., V), in double precision."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    logarithms: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return logarithms


def probabilities_of(logits: Floats, ids: Ids) -> NDArray[np.float64]:
    """softmax(logits) (T, V) at ``ids`` (T,), in double precision."""
    probabilities: NDArray[np.float64] = softmax(logits.astype(np.float64))[np.arange(len(ids)), ids]
    return probabilities


def probabilities_in_chunks(chunks: Iterable[Floats], ids: Ids) -> NDArray[np.float64]:
    """Return the probabilities (T - 1,) of the characters of a text (T,) after the first, given chunks of logits."""
    parts, first = [], 1
    for logits in chunks:
        parts.append(probabilities_of(logits, ids[first : first + len(logits)]))
        first += len(logits)
    return np.concatenate(parts)


def draw(logits: NDArray[np.float64], uniforms: NDArray[np.float64]) -> NDArray[np.intp]:
    """Draw one id for each row of logits (N, V) by inversion of ``uniforms`` (N,) in [0, 1)."""
    cumulative = exponentials(logits)
    np.cumsum(cumulative, axis=-1, out=cumulative)
    return _invert(cumulative, uniforms * cumulative[:, -1])


def draw_weighted(weights: Floats, uniforms: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Draw ids (N,) in proportion to weights (N, V) by inversion of ``uniforms`` (N,); return the sums (N,), too.

    With many rows, draw a block of ids first, then an id of the block: sums are faster than running sums.
    """
    count, size = weights.shape
    if count <= _FEW:
        cumulative = np.cumsum(weights, axis=1, dtype=np.float64)
        return _invert(cumulative, uniforms * cumulative[:, -1]), cumulative[:, -1]
    padded = np.zeros((count, -(-size // _BLOCK) * _BLOCK), weights.dtype)
    padded[:, :size] = weights
    blocks, rows = padded.reshape(count, -1, _BLOCK), np.arange(count)
    coarse = np.cumsum(blocks.sum(axis=2), axis=1, dtype=np.float64)
    totals = coarse[:, -1]
    thresholds = uniforms * totals
    block = _invert(coarse, thresholds)
    fine = np.cumsum(blocks[rows, block], axis=1, dtype=np.float64)
    before = np.where(block > 0, coarse[rows, block - 1], 0.0)
    return block * _BLOCK + _invert(fine, thresholds - before), totals


def _invert(cumulative: NDArray[np.float64], thresholds: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the first index in each row of running sums (N, V) whose sum exceeds the threshold (N,).

    Rounding may lift a threshold to the row's total, or above it, where no sum exceeds it.
    """
    below = np.minimum(thresholds, np.nextafter(cumulative[:, -1], 0))
    ids: NDArray[np.intp] = np.argmax(cumulative > below[:, None], axis=-1)
    return ids
