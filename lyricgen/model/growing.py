"""A base model for another text: the same weights, and rows for the characters that it does not know yet."""

from __future__ import annotations

import numpy as np

from lyricgen.model.checkpoint import Checkpoint
from lyricgen.model.parameters import Floats
from lyricgen.text.vocabulary import UNKNOWN, Vocabulary

_ROWS = ("embedding.weight", "output.weight", "output.bias")  # one for each character


def grow(base: Checkpoint, vocabulary: Vocabulary) -> dict[str, Floats]:
    """The parameters of a network for a vocabulary that holds the base's.

    New characters begin as what the base knows of rare ones, its unknown character. They share its probability, so that
    all others keep theirs.
    """
    old = vocabulary.ids_in(base.vocabulary)  # UNKNOWN for a new character
    unknown = np.flatnonzero(old == UNKNOWN)  # the unknown one itself and all new ones
    parameters = {}
    for name, tensor in base.parameters.items():
        grown = tensor[old] if name in _ROWS else tensor
        if name == "output.bias":
            grown[unknown] -= np.float32(np.log(len(unknown)))
        parameters[name] = grown
    return parameters
