"""On which characters a prediction depends: the gradient of its log-probability by each embedding (Madsen 2019)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lyricgen.inspection.steps import Array
from lyricgen.inspection.trace import Trace, Weights, gradients_back
from lyricgen.inspection.views import Memory
from lyricgen.model.parameters import Floats
from lyricgen.text.vocabulary import Ids

DEPTH = 50  # characters that a gradient is followed back
_AT_ONCE = 2048  # predictions, whose gradients go back together


def known(weights: Weights, traces: Sequence[Trace]) -> Array:
    """From what the character after each is predicted: (T, H), or (T, 2H) from both sides."""
    forward = traces[0].hidden
    if len(traces) == 1:
        return forward
    behind = traces[1].hidden[::-1][2:]  # the first of them knows all from the third character on
    nothing = np.zeros((len(forward) - len(behind), weights.config.hidden))
    return np.concatenate([forward, np.concatenate([behind, nothing])], axis=1)


def by_known(weights: Weights, hidden: Array, ids: Ids) -> Array:
    """The gradient of ln p of each character after the first by what it is predicted from, (T - 1, H or 2H)."""
    output = weights.output.astype(hidden.dtype)
    logits = hidden[:-1] @ output.T + weights.output_bias.astype(hidden.dtype)
    by_logits = np.exp(logits - logits.max(axis=1, keepdims=True))
    by_logits /= -by_logits.sum(axis=1, keepdims=True)
    by_logits[np.arange(len(by_logits)), ids[1:]] += 1
    gradient: Array = by_logits @ output
    return gradient


def memory(weights: Weights, traces: Sequence[Trace], ids: Ids, *, depth: int = DEPTH) -> Memory:
    """The norms of the gradients by the embeddings of what stands before each character, and behind it."""
    above, size = by_known(weights, known(weights, traces).astype(np.float32), ids), weights.config.hidden
    before = _norms(traces[0], above[:, :size], depth)
    if len(traces) == 1:
        return Memory(before, None)
    # Read from the end, character t is predicted after character t + 1; nothing is behind the last one.
    behind = np.zeros_like(before)
    behind[:-1] = _norms(traces[1], above[:-1, size:][::-1], depth)[::-1]
    return Memory(before, behind)


def _norms(trace: Trace, above: Array, depth: int) -> Floats:
    """Row r: the norms of a gradient by the embeddings read in the steps r, r - 1, ... (R, ``depth``)."""
    steps = trace.steps_back(np.float32)
    norms = np.zeros((len(above), depth), np.float32)
    for first in range(0, len(above), _AT_ONCE):
        rows = above[first : first + _AT_ONCE]
        for k, (_, by_input) in enumerate(gradients_back(steps, rows, depth, first=first)):
            last = first + len(rows)
            norms[last - len(by_input) : last, k] = np.sqrt(np.einsum("rd,rd->r", by_input, by_input))
    return norms
