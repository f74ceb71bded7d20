"""The characters that a prediction depends on: the gradient of its log-probability by each embedding (Madsen 2019)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lyricgen.inspection.trace import Trace, Weights
from lyricgen.inspection.views import Memory
from lyricgen.model.parameters import Floats
from lyricgen.text.vocabulary import Ids

DEPTH = 50  # characters that a gradient is followed back


def known(weights: Weights, traces: Sequence[Trace]) -> Floats:
    """Return the states that predict the character after each: (T, H), or (T, 2H) of both sides."""
    forward = traces[0].hidden
    if len(traces) == 1:
        return forward
    behind = traces[1].hidden[::-1][2:]  # the first of them knows all from the third character on
    nothing = np.zeros((len(forward) - len(behind), weights.config.hidden), np.float32)
    return np.concatenate([forward, np.concatenate([behind, nothing])], axis=1)


def by_known(weights: Weights, hidden: Floats, ids: Ids) -> Floats:
    """Return the gradient of ln p of each character after the first by the state before it, (T - 1, H or 2H)."""
    output = weights.output
    logits = hidden[:-1] @ output.T + weights.parameters["output.bias"]
    by_logits = np.exp(logits - logits.max(axis=1, keepdims=True))
    by_logits /= -by_logits.sum(axis=1, keepdims=True)
    by_logits[np.arange(len(by_logits)), ids[1:]] += 1
    gradient: Floats = by_logits @ output
    return gradient


def memory(weights: Weights, traces: Sequence[Trace], ids: Ids, *, depth: int = DEPTH) -> Memory:
    """Return the norms of the gradients by the embeddings of the characters before each, and behind it."""
    above, size = by_known(weights, known(weights, traces), ids), weights.config.hidden
    _, before = traces[0].norms_back(above[:, :size], depth)
    if len(traces) == 1:
        return Memory(before, None)
    # Read from the end, character t is predicted after character t + 1; nothing is behind the last one.
    behind = np.zeros_like(before)
    behind[:-1] = traces[1].norms_back(above[:-1, size:][::-1], depth)[1][::-1]
    return Memory(before, behind)
