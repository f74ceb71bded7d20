"""How well a model foresees a text: perplexity and bits per character."""

from __future__ import annotations

import dataclasses
import math
from typing import Callable

import numpy as np

from lyricgen.model.cells import Recurrence
from lyricgen.text.vocabulary import UNKNOWN, Ids
from lyricgen.writing.sampling import softmax

_CHUNK = 512


@dataclasses.dataclass(frozen=True)
class Score:
    """Of ``characters`` predicted ones (all but the text's first), ``unknown`` have no id; ``nats`` is their sum."""

    characters: int
    unknown: int
    nats: float

    @property
    def perplexity(self) -> float:
        """exp of the mean cross-entropy in nats per character."""
        return math.exp(min(self.nats / self.characters, 700.0))

    @property
    def bits_per_character(self) -> float:
        """The mean cross-entropy in bits."""
        return self.nats / self.characters / math.log(2)


def score(network: Recurrence, ids: Ids, *, on_progress: Callable[[int], object] = lambda count: None) -> Score:
    """Score a text of at least two characters, the state carried through it from zero.

    An unknown character counts as the unknown id: its price is what the model gives that id. ``on_progress`` is told
    how many characters each stretch had.
    """
    total, state = 0.0, network.initial_state(1)
    for first in range(0, len(ids) - 1, _CHUNK):
        x, y = ids[first : first + _CHUNK], ids[first + 1 : first + 1 + _CHUNK]
        hidden, state = network.hidden(x[: len(y), None], state)
        logits = network.logits(hidden[:, 0]).astype(np.float64)
        total -= float(np.log(np.maximum(softmax(logits)[np.arange(len(y)), y], 1e-300)).sum())
        on_progress(len(y))
    return Score(len(ids) - 1, int(np.count_nonzero(ids[1:] == UNKNOWN)), total)
