"""A text as ids, in its three parts: what a model learns from, chooses its best epoch by, and never sees."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lyricgen.text import songs
from lyricgen.text.vocabulary import (
    CONTROL_CHARACTERS,
    REORDERING_CHARACTERS,
    UNKNOWN,
    UNKNOWN_CHARACTER,
    Ids,
    Vocabulary,
    code_points,
)

NAMES = ("train", "valid", "test")
STARTS = "starts."  # before the name of a part: the tensor of its songs
HELD_OUT = ("test", "valid")  # the one that measures a model best comes first


@dataclasses.dataclass(frozen=True)
class Parts:
    """The parts ``train``, ``valid`` and ``test`` of a text; the held-out ones may be empty.

    ``stored`` holds a part's ids, each (T,). The vocabulary is that of the training part. Characters that only the
    held-out parts have are ``unseen``; their stored ids follow those of the vocabulary, V for the first of them.
    ``starts`` holds the places where the songs of a part begin, each (S,); a part may have none.
    """

    vocabulary: Vocabulary
    unseen: str
    stored: Mapping[str, Ids]
    starts: Mapping[str, NDArray[np.uint32]] = dataclasses.field(default_factory=dict)

    def __len__(self) -> int:
        return sum(map(len, self.stored.values()))

    def ids(self, name: str) -> Ids:
        """A part's ids as a model reads them (T,): unseen characters are unknown."""
        stored = self.stored[name]
        if name == "train" or not self.unseen:
            return stored
        return np.where(stored < len(self.vocabulary), stored, UNKNOWN).astype(self.vocabulary.dtype)

    def text(self, name: str) -> str:
        """A part as it was read; characters that --min-count removed are the unknown character."""
        characters = self.vocabulary.id_to_char + REORDERING_CHARACTERS.sub(UNKNOWN_CHARACTER, self.unseen)
        return "".join([characters[i] for i in self.stored[name]])

    def song_starts(self, name: str) -> list[int]:
        """The places where the songs of a part begin; of an older file, those that its blank lines tell."""
        if name in self.starts:
            return list(map(int, self.starts[name]))
        return songs.starts(self.text(name))

    @property
    def tensors(self) -> dict[str, Ids]:
        """What is stored: the ids of each part, and the starts of its songs."""
        return {**self.stored, **{STARTS + name: starts for name, starts in self.starts.items()}}

    def with_texts(self, texts: Mapping[str, str]) -> Parts:
        """The same parts with other characters, one for each."""
        vocabulary = Vocabulary.of(np.setdiff1d(code_points(texts["train"]), code_points(UNKNOWN_CHARACTER)))
        held_out = {*texts["valid"], *texts["test"]}
        unseen = "".join(sorted(held_out - {UNKNOWN_CHARACTER, *vocabulary.characters}))
        ids = {character: place for place, character in enumerate(vocabulary.characters + unseen, 1)}
        stored = {
            name: np.array(
                [ids.get(character, UNKNOWN) for character in text],
                np.min_scalar_type(len(vocabulary) + (len(unseen) if name != "train" else 0)),
            )
            for name, text in texts.items()
        }
        return Parts(vocabulary, unseen, stored, self.starts)

    def in_vocabulary(self, vocabulary: Vocabulary) -> Parts:
        """The same text with the ids of a vocabulary that holds this one; it may know some of the unseen characters."""
        unseen = "".join(sorted(set(self.unseen) - set(vocabulary.characters)))
        places = {character: place for place, character in enumerate(vocabulary.characters + unseen, 1)}
        ids = np.array([UNKNOWN, *(places[character] for character in self.vocabulary.characters + self.unseen)])
        stored = {
            name: ids.astype(np.min_scalar_type(len(vocabulary) + (len(unseen) if name != "train" else 0)))[part]
            for name, part in self.stored.items()
        }
        return Parts(vocabulary, unseen, stored, self.starts)

    @property
    def held_out(self) -> str:
        """The part that measures a model: ``test``, or ``valid`` without one; empty if nothing was held out."""
        return next((name for name in HELD_OUT if len(self.stored[name])), "")


def check_parts(vocabulary: Vocabulary, unseen: str, tensors: Mapping[str, Ids]) -> Parts:
    """The parts that a file claims to have; ValueError if they are no text of its characters."""
    if CONTROL_CHARACTERS.search(unseen):
        raise ValueError("its unseen characters are damaged")
    starts = {name: tensors[STARTS + name] for name in NAMES if STARTS + name in tensors}
    for name in NAMES:
        ids, size = tensors[name], len(vocabulary) + (len(unseen) if name != "train" else 0)
        if ids.ndim != 1 or ids.dtype.kind != "u" or (len(ids) and int(ids.max()) >= size):
            raise ValueError("it has ids beyond its vocabulary")
        if name in starts and not _are_places(starts[name], len(ids)):
            raise ValueError("it has songs that begin beyond its text")
    if len(tensors["train"]) < 2:
        raise ValueError("it has nothing to learn from")
    return Parts(vocabulary, unseen, {name: tensors[name] for name in NAMES}, starts)


def _are_places(starts: Ids, length: int) -> bool:
    """Whether these are rising places in a text of that length."""
    if starts.ndim != 1 or starts.dtype != np.uint32:
        return False
    return not len(starts) or (int(starts[-1]) < length and bool((starts[1:] > starts[:-1]).all()))
