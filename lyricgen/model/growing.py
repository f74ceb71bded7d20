"""A base model for another text: the same weights, and rows for the characters that it does not know yet."""

from __future__ import annotations

import numpy as np

from lyricgen.model.checkpoint import Checkpoint
from lyricgen.model.parameters import Floats, initial_parameters
from lyricgen.text.vocabulary import UNKNOWN, Vocabulary


def grow(base: Checkpoint, vocabulary: Vocabulary, rng: np.random.Generator) -> dict[str, Floats]:
    """Return the parameters of a network for a vocabulary that holds the base's.

    The rows of new characters are those of a new network; the unknown's row, and the mean of all, did worse
    (tests/benchmarks/README.md). Their biases share the unknown's probability. What was known keeps its proportions.
    """
    old = vocabulary.ids_in(base.vocabulary)  # UNKNOWN for a new character
    unknown = np.flatnonzero(old == UNKNOWN)  # the unknown one itself and all new ones
    fresh = initial_parameters(base.model, len(vocabulary), rng)
    parameters = dict(base.parameters)
    for name in ("embedding.weight", "output.weight", "output.bias"):
        if name in parameters:
            parameters[name] = parameters[name][old]
            parameters[name][unknown[1:]] = fresh[name][unknown[1:]]
    bias = base.parameters["output.bias"][UNKNOWN]
    parameters["output.bias"][unknown] = bias - np.float32(np.log(len(unknown)))
    return parameters
