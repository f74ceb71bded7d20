"""What a song may not say again."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from lyricgen.model.parameters import Floats
from lyricgen.text.vocabulary import UNKNOWN, Ids
from lyricgen.writing.form.rhyme import is_sung

WINDOW = 128  # characters that a repetition penalty remembers


def penalise(logits: Floats, recent: Ids, sung: NDArray[np.bool_], penalty: float) -> Floats:
    """Divide the probability of every sung character among the ``recent`` ones (N, W) by ``penalty``, before all
    probabilities are made to sum to one again.

    Keskar et al. 2019 divide the logit instead, which raises a negative one, and does nothing to one of zero; a
    logit's zero means nothing, so here it is the probability that is divided: logits of any offset give the same.
    """
    said = np.zeros(logits.shape, bool)
    said[np.arange(len(recent))[:, None], np.maximum(recent, UNKNOWN)] = True
    return logits - np.float32(math.log(penalty)) * (said & sung)


@functools.lru_cache(maxsize=4096)
def sung_of(line: str) -> str:
    """Its sung characters."""
    return "".join(filter(is_sung, line))


def would_repeat(lines: Iterable[str], line: str, n: int) -> set[str]:
    """The characters that, after ``line``, would make ``n`` sung ones in a row that a line has had already."""
    end = sung_of(line)
    if len(end) < n - 1:
        return set()
    context = end[len(end) - n + 1 :]
    found = set()
    for text in [*map(sung_of, lines), end]:
        at = text.find(context)
        while 0 <= at < len(text) - n + 1:
            found.add(text[at + n - 1])
            at = text.find(context, at + 1)
    return found
