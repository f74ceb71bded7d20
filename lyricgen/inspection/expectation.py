"""What was expected in place of each character of a text, and how surprising the character was."""

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
    """What a model expected of a text (T,), T > 1."""
    return of_logits(next_logits(model, ids), ids, name)


def of_logits(rows: Iterable[Floats], ids: Ids, name: str = "") -> Expectation:
    """What logits (V,) of each character of a text (T,) after the first say, T > 1; of fewer than 5 ids, all of them.

    An unknown character has the surprisal of the unknown id.
    """
    bits, guesses, shares = [], [], []
    for first, logits in _blocks(rows):
        probabilities = softmax(logits.astype(np.float64))  # (B, V)
        each = np.arange(len(logits))
        best = _likeliest(probabilities)
        bits.append(-np.log2(np.maximum(probabilities[each, ids[first + 1 : first + 1 + len(each)]], _TINY)))
        guesses.append(best)
        shares.append(probabilities[each[:, None], best])
    return Expectation(name, np.concatenate(bits), np.concatenate(guesses), np.concatenate(shares))


def _blocks(rows: Iterable[Floats]) -> Iterator[tuple[int, Floats]]:
    """The number of the first row of a block, and the block (B, V)."""
    each, first = iter(rows), 0
    while block := list(islice(each, _BLOCK)):
        yield first, np.stack(block)
        first += len(block)


def _likeliest(probabilities: Floats) -> Ids:
    """The ids (B, 5) of the highest probabilities (B, V), the highest first, of equal ones the lowest id first."""
    count = min(GUESSES, probabilities.shape[1])
    some = np.sort(np.argpartition(-probabilities, count - 1, axis=1)[:, :count], axis=1)
    ranks = np.argsort(-np.take_along_axis(probabilities, some, axis=1), axis=1, kind="stable")
    return np.take_along_axis(some, ranks, axis=1)
