"""Logits -> probabilities -> ids, along the last axis."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lyricgen.model.parameters import Floats
from lyricgen.text.vocabulary import Ids


def probabilities_of(logits: Floats, ids: Ids) -> NDArray[np.float64]:
    """softmax(logits) (T, V) at ``ids`` (T,)."""
    weights = np.exp(logits - logits.max(axis=1, keepdims=True), dtype=np.float64)
    probabilities: NDArray[np.float64] = weights[np.arange(len(ids)), ids] / weights.sum(axis=1)
    return probabilities
