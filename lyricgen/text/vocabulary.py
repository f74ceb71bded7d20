"""Characters <-> ids. Characters are sorted by code point, so the same text gives the same ids everywhere."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

UNKNOWN = 0
# A terminal obeys these, or they are no characters at all. Tabs and line feeds are allowed.
CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\ud800-\udfff]")
# These turn the order of what stands around them on a screen. No text keeps them; a vocabulary of an older lyricgen may
# have some, which are shown as unknown.
REORDERING_CHARACTERS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
UNKNOWN_CHARACTER = "\ufffd"
Ids = NDArray[Any]


def code_points(text: str) -> NDArray[np.uint32]:
    """The code point of every character of ``text``, lone surrogates included."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


class Vocabulary:
    """The characters that a model knows. Id 0 is the unknown character, id i the i-th smallest of the others."""

    def __init__(self, characters: str) -> None:
        self.characters = characters
        self._codes = code_points(characters)
        self.id_to_char = UNKNOWN_CHARACTER + REORDERING_CHARACTERS.sub(UNKNOWN_CHARACTER, characters)
        if np.any(self._codes[1:] <= self._codes[:-1]):
            raise ValueError("the vocabulary is not sorted")

    @classmethod
    def stored(cls, characters: str) -> Vocabulary:
        """The vocabulary that stands in a file; ValueError if it is empty or holds a control character."""
        if not characters:
            raise ValueError("the vocabulary is empty")
        if CONTROL_CHARACTERS.search(characters):
            raise ValueError("the vocabulary holds control characters")
        return cls(characters)

    @classmethod
    def of(cls, codes: NDArray[np.uint32]) -> Vocabulary:
        """The vocabulary of all distinct ``codes`` (T,)."""
        return cls(np.unique(codes).astype("<u4").tobytes().decode("utf-32-le"))

    def union(self, other: Vocabulary) -> Vocabulary:
        """All characters of both."""
        return Vocabulary("".join(sorted({*self.characters, *other.characters})))

    def ids_in(self, other: Vocabulary) -> NDArray[np.intp]:
        """The id in ``other`` of each id here (V,); UNKNOWN for what it does not hold."""
        known = other.encode(self.characters).astype(np.intp)
        return np.append(UNKNOWN, known)

    def __len__(self) -> int:
        """V: the number of characters, the unknown one included."""
        return len(self.characters) + 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.characters == other.characters

    def __contains__(self, character: str) -> bool:
        return character in self.characters

    @property
    def dtype(self) -> np.dtype[Any]:
        """The narrowest unsigned integer that holds every id."""
        return np.min_scalar_type(len(self))

    def encode(self, text: str) -> Ids:
        """The ids (T,) of a text; UNKNOWN for a character that the vocabulary does not hold."""
        return self.encode_codes(code_points(text))

    def encode_codes(self, codes: NDArray[np.uint32]) -> Ids:
        """The ids (T,) of code points (T,)."""
        if not self.characters:
            return np.zeros(len(codes), self.dtype)
        places = np.searchsorted(self._codes, codes)
        known = self._codes[np.minimum(places, len(self._codes) - 1)] == codes
        return np.where(known, places + 1, UNKNOWN).astype(self.dtype)

    def decode(self, ids: Ids) -> str:
        """The text of ids (T,)."""
        return "".join([self.id_to_char[i] for i in ids])

    def unknown_in(self, text: str) -> str:
        """The distinct characters of ``text`` without an id, in the order of appearance."""
        return "".join(dict.fromkeys(character for character in text if character not in self.characters))


def count_ids(ids: Ids, size: int) -> NDArray[np.int64]:
    """How often each of ``size`` ids occurs in a text (T,), which may be mapped from a file: it is read in parts."""
    counts = np.zeros(size, np.int64)
    for first in range(0, len(ids), 1 << 20):
        counts += np.bincount(ids[first : first + (1 << 20)], minlength=size)
    return counts


class Census:
    """Numbers characters in the order of appearance: a long text takes little memory before its vocabulary is known."""

    def __init__(self) -> None:
        self.codes = np.zeros(0, "<u4")  # number -> code point
        self._numbers = np.zeros(0x110000, np.uint32)  # code point -> number + 1, 0 for one not seen yet

    def number(self, text: str) -> Ids:
        """The number of every character of ``text``, in the narrowest integer type that holds all numbers so far."""
        codes = code_points(text)
        new = np.unique(codes[self._numbers[codes] == 0])
        self.codes = np.concatenate([self.codes, new])
        self._numbers[new] = np.arange(len(self.codes) - len(new), len(self.codes)) + 1
        return (self._numbers[codes] - 1).astype(np.min_scalar_type(len(self.codes)))
