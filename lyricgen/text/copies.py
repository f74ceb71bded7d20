"""Which stretches of a song stand in the training text, found by the hashes of all its stretches of one length."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lyricgen.text.vocabulary import Ids, code_points

Hashes = NDArray[np.uint64]
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that multiplication by it loses nothing
_SEED = 4  # length of the agreements that longer ones are grown from


def _hash(ids: Ids, length: int) -> Hashes:
    """A hash of every stretch of that length: ids (T, ...) -> (T - length + 1, ...), by Horner's rule modulo 2^64."""
    count = max(len(ids) - length + 1, 0)
    hashes = np.zeros((count, *ids.shape[1:]), np.uint64)
    for offset in range(length if count else 0):
        hashes *= _BASE
        hashes += ids[offset : offset + count].astype(np.uint64) + np.uint64(1)
    hashes ^= hashes >> np.uint64(29)
    return hashes


class CopyIndex:
    """Where the stretches of one length begin in a text (T,), sorted by their hashes: 12 bytes a character."""

    def __init__(self, text: Ids, length: int) -> None:
        self.text = text
        self._length = length
        hashes = _hash(text, length)
        order = np.argsort(hashes, kind="stable")
        self._order = order.astype(np.min_scalar_type(max(len(text), 1)))
        self._hashes = hashes[order]

    def places(self, stretch: Ids) -> NDArray[np.intp]:
        """Where a stretch of that length begins in the text."""
        ((first, last),) = self._ranges(stretch[None])
        return self._order[first:last].astype(np.intp)

    def _ranges(self, stretches: Ids) -> NDArray[np.intp]:
        """Stretches (N, length) -> where the places of each begin and end among the sorted ones, (N, 2)."""
        wanted = _hash(np.ascontiguousarray(stretches.T), self._length)[0]
        return np.stack([np.searchsorted(self._hashes, wanted, side) for side in ("left", "right")], axis=1)

    def followers(self, stretches: Ids) -> list[Ids]:
        """What follows each of the stretches (N, length) in the text, each character as often as it does."""
        followers = []
        for first, last in self._ranges(stretches).tolist():
            ends = self._order[first:last].astype(np.intp) + self._length
            followers.append(self.text[ends[ends < len(self.text)]])
        return followers


class CopyFinder:
    """Finds what songs have word for word from one text."""

    def __init__(self, text: str) -> None:
        self._index = CopyIndex(code_points(text), _SEED)

    def longest(self, song: str) -> str:
        """The longest stretch of a song that occurs in the text; the first of several."""
        begin, length = _longest(code_points(song), self._index)
        return song[begin : begin + length]


def _longest(song: Ids, index: CopyIndex) -> tuple[int, int]:
    """(begin, length) of the longest copy, grown from those of the index's length; shorter ones by trying each."""
    text = index.text
    begins, places = [], []
    for begin in range(len(song) - _SEED + 1):
        starts = index.places(song[begin : begin + _SEED])
        begins.append(np.full(len(starts), begin))
        places.append(starts)
    if not any(len(begin) for begin in begins):
        return _short_copy(song, text)
    here, there, length = np.concatenate(begins), np.concatenate(places), _SEED
    while True:
        going = (here + length < len(song)) & (there + length < len(text))
        going[going] = song[here[going] + length] == text[there[going] + length]
        if not going.any():
            return int(here[0]), length
        here, there, length = here[going], there[going], length + 1


def _short_copy(song: Ids, text: Ids) -> tuple[int, int]:
    for length in range(min(_SEED - 1, len(song), len(text)), 0, -1):
        known = np.flatnonzero(np.isin(_hash(song, length), _hash(text, length)))
        if len(known):
            return int(known[0]), length
    return 0, 0
