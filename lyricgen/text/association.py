"""Which characters keep company with a word in a text, by pointwise mutual information.

    PMI(w, c) = ln p(c near w) / p(c)

(Church & Hanks 1990). With f, how often c stands near w, and e, how often it would by chance, the quotient is f / e.
Here it is (f + ``ADDED``) / (e + ``ADDED``), so that a rare character needs more than one meeting (add-k smoothing:
Turney & Pantel 2010), and only what exceeds ln ``SHIFT`` counts (shifted positive PMI: Levy & Goldberg 2014), so that
function words get nothing.

Near is in the same line, or in the lines before and after it in the same song (``NEAR``): a line of seven characters is
too little to count in, and five lines dilute what belongs to the word. A line counts once in a song, because a refrain
says nothing new.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lyricgen.text.vocabulary import Ids, count_ids

NEAR = 1  # lines
ADDED = 2.0  # characters
SHIFT = 1.5  # times as often as by chance
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that multiplication by it loses nothing


class Association:
    """What is counted once of a text (T,), for any number of words."""

    def __init__(self, text: Ids, line_end: int, size: int) -> None:
        """``line_end`` is the id that ends a line, ``size`` that of the vocabulary; the text is not empty."""
        ends = text == line_end
        starts = np.append(0, np.flatnonzero(ends[:-1]) + 1)
        self._text, self._size = text, size
        self._line = np.cumsum(ends) - ends  # (T,): the number of each character's line
        is_blank = ends[starts]  # (lines,): a blank line begins with its end
        ends_song = np.append(False, is_blank[1:] & is_blank[:-1])
        self._song = np.cumsum(ends_song if ends_song.any() else is_blank)  # (lines,)
        self._counts_once = _first_of_song(text, starts, self._song)[self._line] & ~ends  # (T,)
        self._counts = count_ids(text[self._counts_once], size)

    def with_word(self, word: Ids) -> NDArray[np.float64] | None:
        """The shifted positive PMI of each character with a word, (V,) in nats; None if the word does not occur."""
        places = _places(self._text, word)
        if not len(places):
            return None
        is_near = self._near(np.unique(self._line[places]))[self._line] & self._counts_once
        near = count_ids(self._text[is_near], self._size)
        expected = self._counts * (near.sum() / max(self._counts.sum(), 1))
        pmi = np.log((near + ADDED) / (expected + ADDED))
        shifted: NDArray[np.float64] = np.maximum(pmi - np.log(SHIFT), 0.0)
        return shifted

    def _near(self, lines: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Which lines (lines,) are near some of these."""
        shared = np.zeros(len(self._song), bool)
        for offset in range(-NEAR, NEAR + 1):
            others = np.clip(lines + offset, 0, len(shared) - 1)
            shared[others[self._song[others] == self._song[lines]]] = True
        return shared


def _first_of_song(text: Ids, starts: NDArray[np.intp], songs: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Which lines (lines,) do not repeat an earlier one of their song, by hashes of their characters."""
    lengths = np.diff(np.append(starts, len(text)))
    places = np.arange(len(text)) - np.repeat(starts, lengths)
    powers = np.cumprod(np.full(int(lengths.max()), _BASE))
    hashes = np.add.reduceat((text.astype(np.uint64) + np.uint64(1)) * powers[places], starts)
    _, firsts = np.unique(hashes * _BASE + songs.astype(np.uint64), return_index=True)
    is_first = np.zeros(len(starts), bool)
    is_first[firsts] = True
    return is_first


def _places(text: Ids, word: Ids) -> NDArray[np.intp]:
    """Where a word begins in a text."""
    count = max(len(text) - len(word) + 1, 0)
    matches = np.ones(count, bool)
    for offset, char_id in enumerate(word):
        matches &= text[offset : offset + count] == char_id
    return np.flatnonzero(matches)
