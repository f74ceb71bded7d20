"""How a model reads what stands before the text that it writes or judges."""

from __future__ import annotations

from typing import Any

import numpy as np

from lyricgen.model.decoder import Decoder
from lyricgen.model.parameters import Floats
from lyricgen.text import corpus
from lyricgen.text.vocabulary import Vocabulary


def line_start(vocabulary: Vocabulary) -> str:
    """What stands before a song: a line end, or the space that is one where line ends were made spaces."""
    return "\n" if "\n" in vocabulary else " "


def as_taught(vocabulary: Vocabulary, prefix: str) -> str:
    """A prefix in the form that the training text had: normalised, line ends as spaces where the model knows none."""
    return corpus.flatten(corpus.normalise(prefix), "keep" if "\n" in vocabulary else "space")


def read_prefix(decoder: Decoder, vocabulary: Vocabulary, prefix: str) -> tuple[Floats, Any]:
    """Logits (1, V) of what follows ``prefix`` at the beginning of a line, and the state after it."""
    state = decoder.initial_state(1)
    for identity in vocabulary.encode(line_start(vocabulary) + as_taught(vocabulary, prefix)):
        logits, state = decoder.step(np.array([identity]), state)
    return logits, state
