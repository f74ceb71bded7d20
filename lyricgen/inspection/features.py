"""Features of a text at each character, as numbers that a unit may follow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lyricgen.text.songs import separator_of
from lyricgen.writing.form.rhyme import Rhymer, counted_end, is_counted, line_ending

PLACE, END, REFRAIN, BLANK, RHYME = (
    "the place in the line",  # counted characters that were read of it
    "the end of the line",  # it comes next
    "a refrain",  # the line was there before in this song
    "the distance from a blank line",  # in characters
    "the place of the rhyme",  # what rhymes with an earlier line comes next
)
_BACK = 4  # lines with which a line may rhyme


class _Line(NamedTuple):
    """A line and the separator that ends it: the characters ``begin`` to ``end`` of the text."""

    begin: int
    end: int
    text: str
    is_whole: bool  # it has its end


def features(text: str, separator: str = "\n") -> dict[str, NDArray[np.float64]]:
    """Name -> a number after each character (T,), without the features that are constant.

    Parameters
    ----------
    separator
        Ends a line.
    """
    series = {name: np.zeros(len(text)) for name in (PLACE, END, REFRAIN, BLANK, RHYME)}
    series[END][:-1] = [character == separator for character in text[1:]]
    rhymer, song, endings, since = Rhymer(), set[str](), list[str](), 0
    gap, blanks = len(separator_of(text, separator)) - 1, 0  # blank lines that end a song
    for line in _lines(text, separator):
        blanks = 0 if line.text.strip() else blanks + 1
        if blanks:
            since = line.end
            if blanks == gap:
                song, endings = set(), []
            continue
        here = slice(line.begin, line.end)
        series[PLACE][here] = np.cumsum([is_counted(character) for character in text[here]])
        if line.is_whole:
            series[PLACE][line.end - 1] = 0
        series[REFRAIN][here] = line.text.strip() in song
        series[BLANK][here] = np.arange(line.begin, line.end) - since
        ending = rhymer.of_line(line.text) or ""
        if ending and ending in endings[-_BACK:]:
            begin = line.begin + counted_end(line.text) - len(line_ending(line.text))
            series[RHYME][begin - 1] = 1
        song.add(line.text.strip())
        endings.append(ending)
    return {name: values for name, values in series.items() if len(values) and np.ptp(values) > 0}


def _lines(text: str, separator: str) -> Iterator[_Line]:
    begin = 0
    for line in text.split(separator):
        end = begin + len(line)
        yield _Line(begin, min(end + 1, len(text)), line, end < len(text))
        begin = end + 1
