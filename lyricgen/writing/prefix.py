"""A prefix -> what a decoder predicts after it."""

from __future__ import annotations

from typing import Any

import numpy as np

from lyricgen.model.decoder import Decoder
from lyricgen.model.parameters import Floats
from lyricgen.text.prompt import line_start, normalise_prompt
from lyricgen.text.vocabulary import Vocabulary


def read_prefix(decoder: Decoder, vocabulary: Vocabulary, prefix: str) -> tuple[Floats, Any]:
    """The logits (1, V) of the character after ``prefix``, which begins a line, and the decoder's state there."""
    state = decoder.initial_state(1)
    for char_id in vocabulary.encode(line_start(vocabulary) + normalise_prompt(vocabulary, prefix)):
        logits, state = decoder.step(np.array([char_id]), state)
    return logits, state
