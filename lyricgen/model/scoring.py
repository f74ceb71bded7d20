"""How well a model predicts a text: perplexity and bits per character, of the whole and of its parts."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from lyricgen.model.bidirectional import Bidirectional
from lyricgen.model.decoder import Chunked, Decoder
from lyricgen.model.parameters import Floats
from lyricgen.text.vocabulary import UNKNOWN, Ids

_MOST_NATS = 700.0
HIGHEST = math.exp(_MOST_NATS)  # the highest perplexity: a float holds it still


@dataclasses.dataclass(frozen=True)
class Score:
    """The sum of -ln p (``nats``) over ``characters`` predicted ones, of which ``unknown`` have no id."""

    characters: int
    unknown: int
    nats: float

    @property
    def perplexity(self) -> float:
        """exp of the mean cross-entropy in nats per character."""
        return perplexity(self.nats, self.characters)

    @property
    def bits_per_character(self) -> float:
        """The mean cross-entropy in bits."""
        return self.nats / max(self.characters, 1) / math.log(2)


def perplexity(nats: float, characters: int) -> float:
    """exp of the mean cross-entropy in nats per character, at most ``HIGHEST``."""
    return math.exp(min(nats / max(characters, 1), _MOST_NATS))


def score(probabilities: NDArray[np.float64], ids: Ids) -> Score:
    """Return the score of a text (T,) whose characters after the first have these probabilities (T - 1,).

    An unknown character counts as the unknown id: its price is what the model gives that id.
    """
    nats = -float(np.log(np.maximum(probabilities, 1e-300)).sum())
    return Score(len(probabilities), int(np.count_nonzero(ids[1:] == UNKNOWN)), nats)


def next_logits(model: Decoder | Bidirectional, ids: Ids) -> Iterator[Floats]:
    """Logits (V,) of each character of a text (T,) after the first."""
    if isinstance(model, Chunked):
        for logits in model.logit_chunks(ids):
            yield from logits
        return
    state = model.initial_state(1)
    for before in ids[:-1]:
        logits, state = model.step(np.array([before]), state)
        yield logits[0]


def accuracy(model: Decoder | Bidirectional, ids: Ids) -> float:
    """Return the share of the characters of a text (T,) after the first that the model ranked first."""
    hits = sum(int(logits.argmax() == after) for logits, after in zip(next_logits(model, ids), ids[1:]))
    return hits / (len(ids) - 1)


def parts(probabilities: NDArray[np.float64], ids: Ids, text: str, begins: Sequence[int]) -> list[tuple[str, Score]]:
    """Score the parts of a text that begin at these places; leave out those that show nothing.

    ``text`` has a character for each of ``ids``.
    """
    scored = []
    for begin, end in zip(begins, [*begins[1:], len(text)]):
        part = text[begin:end].strip("\n")
        if part.strip():
            first = max(begin, 1)
            scored.append((part, score(probabilities[first - 1 : end - 1], ids[first - 1 : end])))
    return scored


def show_number(value: float) -> str:
    """Format a figure with two decimals, or with three digits and a power of ten where it is very large."""
    return f"{value:.2f}" if abs(value) < 1e6 else f"{value:.2e}"
