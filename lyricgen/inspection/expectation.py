"""The guesses of a model for each character of a text, and the surprisal of the character."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np

from lyricgen.inspection.views import Expectation
from lyricgen.model.bidirectional import Bidirectional
from lyricgen.model.decoder import Decoder
from lyricgen.model.parameters import Floats
from lyricgen.model.probability import softmax
from lyricgen.model.scoring import next_logits
from lyricgen.text.vocabulary import Ids

GUESSES = 5
_BLOCK = 64  # characters whose probabilities are in memory at once
_TINY = 1e-300


def expectation(model: Decoder | Bidirectional, ids: Ids, name: str = "") -> Expectation:
    """Return the expectation of a model at each character of a text (T,), T > 1."""
    return of_logits(next_logits(model, ids), ids, name)


def of_logits(rows: Iterable[Floats], ids: Ids, name: str = "") -> Expectation:
    """Turn logits (V,) of each character of a text (T,) after the first, T > 1, into guesses: 5, or all V ids if fewer.

    An unknown character has the surprisal of the unknown id.
    """
    bits, guesses, shares = [], [], []
    for first, logits in _blocks(rows):
        probabilities = softmax(logits.astype(np.float64))  # (B, V)
        numbers = np.arange(len(logits))
        best = _likeliest(probabilities)
        bits.append(-np.log2(np.maximum(probabilities[numbers, ids[first + 1 : first + 1 + len(numbers)]], _TINY)))
        guesses.append(best)
        shares.append(probabilities[numbers[:, None], best])
    return Expectation(name, np.concatenate(bits), np.concatenate(guesses), np.concatenate(shares))


def _blocks(rows: Iterable[Floats]) -> Iterator[tuple[int, Floats]]:
    """Yield the number of the first row of a block, and the block (B, V)."""
    remaining, first = iter(rows), 0
    while block := list(islice(remaining, _BLOCK)):
        yield first, np.stack(block)
        first += len(block)


def _likeliest(probabilities: Floats) -> Ids:
    """Return the ids (B, 5) of the highest probabilities (B, V), highest first, ties by the lowest id."""
    count = min(GUESSES, probabilities.shape[1])
    some = np.sort(np.argpartition(-probabilities, count - 1, axis=1)[:, :count], axis=1)
    ranks = np.argsort(-np.take_along_axis(probabilities, some, axis=1), axis=1, kind="stable")
    return np.take_along_axis(some, ranks, axis=1)
