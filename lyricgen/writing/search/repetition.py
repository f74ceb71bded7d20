"""Repetitions within a song: made less likely by a penalty, or found so that they can be forbidden."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from lyricgen.model.parameters import Floats
from lyricgen.text.vocabulary import UNKNOWN, Ids
from lyricgen.writing.form.rhyme import counted_in

WINDOW = 128  # recent characters to which a repetition penalty applies


def penalise(logits: Floats, recent: Ids, counted: NDArray[np.bool_], penalty: float) -> Floats:
    """Divide the probability of each recent counted character by ``penalty``, before normalisation.

    ``logits`` (N, V), ``recent`` ids (N, W) with negative ones for none, ``counted`` (V,) -> logits (N, V).

    Keskar et al. 2019 divide the logit instead. That raises a negative logit and keeps a logit of zero. Logits have no
    absolute zero, so here it is the probability that is divided: adding a constant to all logits changes nothing.
    """
    occurs = np.zeros(logits.shape, bool)
    occurs[np.arange(len(recent))[:, None], np.maximum(recent, UNKNOWN)] = True
    return logits - np.float32(math.log(penalty)) * (occurs & counted)


def would_repeat(lines: Iterable[str], line: str, n: int) -> set[str]:
    """The characters that would end ``line`` in ``n`` counted characters that occur already, in it or in ``lines``."""
    current = counted_in(line)
    if len(current) < n - 1:
        return set()
    context = current[len(current) - n + 1 :]
    found = set()
    for text in [*map(counted_in, lines), current]:
        position = text.find(context)
        while 0 <= position < len(text) - n + 1:
            found.add(text[position + n - 1])
            position = text.find(context, position + 1)
    return found
