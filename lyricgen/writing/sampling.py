"""Logits (N, V) of N songs -> restricted logits (N, V) -> ids (N,)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lyricgen.config import SampleConfig
from lyricgen.model.cells import Floats
from lyricgen.text.vocabulary import UNKNOWN

Logits = NDArray[np.float64]
NEVER = -np.inf
_BLOCK = 64  # characters whose shares are summed before a draw


def softmax(logits: Logits) -> Logits:
    """Probabilities (N, V) along the last axis; a logit of -inf has none."""
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: Logits = weights / weights.sum(axis=-1, keepdims=True)
    return probabilities


def log_softmax(logits: NDArray[np.floating[Any]]) -> Logits:
    """ln of the probabilities (N, V), in double precision."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    found: Logits = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return found


def without_unknown(logits: NDArray[np.floating[Any]]) -> Logits:
    """A copy in which the unknown character cannot be drawn, because it cannot be printed."""
    allowed = logits.astype(np.float64)
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
    return draw(restrict(allowed / config.temperature, config), uniforms)


def draw_shares(shares: Floats, uniforms: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Ids (N,) drawn in proportion to shares (N, V), by inversion, and the sums of the shares (N,).

    A block of characters is drawn first, then a character of the block, because sums are faster than cumulative sums.
    """
    count, size = shares.shape
    padded = np.zeros((count, -(-size // _BLOCK) * _BLOCK), shares.dtype)
    padded[:, :size] = shares
    blocks, rows = padded.reshape(count, -1, _BLOCK), np.arange(count)
    coarse = np.cumsum(blocks.sum(axis=2), axis=1, dtype=np.float64)
    masses = coarse[:, -1]
    thresholds = np.minimum(uniforms * masses, np.nextafter(masses, 0))
    block = np.argmax(coarse > thresholds[:, None], axis=1)
    fine = np.cumsum(blocks[rows, block], axis=1, dtype=np.float64)
    rest = thresholds - np.where(block > 0, coarse[rows, block - 1], 0.0)
    rest = np.minimum(rest, np.nextafter(fine[:, -1], 0))  # the two sums of a block may differ in the last bit
    return block * _BLOCK + np.argmax(fine > rest[:, None], axis=1), masses


def likeliest(scores: Logits, count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(rows, ids) of the ``count`` highest scores (N, V), the highest first. Scores of -inf are left out."""
    flat = scores.ravel()
    count = min(count, int(np.count_nonzero(flat > NEVER)))
    places = np.argpartition(-flat, max(count - 1, 0))[:count]
    places = places[np.argsort(-flat[places], kind="stable")]
    rows, ids = np.divmod(places, scores.shape[1])
    return rows, ids
