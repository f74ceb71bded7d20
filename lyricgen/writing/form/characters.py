"""Masks (V,) over a vocabulary: the characters of a kind, or of a class of rhyme. The unknown character is in none."""

from __future__ import annotations

import collections
import functools
import unicodedata
from typing import Callable

import numpy as np
from numpy.typing import NDArray

from lyricgen.text.prompt import line_start
from lyricgen.text.vocabulary import Vocabulary
from lyricgen.writing.form.rhyme import Rhymer, is_counted

Mask = NDArray[np.bool_]
_OPENING, _CLOSING = ("Ps", "Pi"), ("Pe", "Pf", "Po")  # Unicode categories of punctuation


def opens(character: str) -> bool:
    """Whether it is punctuation that may begin a line."""
    return unicodedata.category(character) in _OPENING


class Characters:
    """The characters of one vocabulary."""

    def __init__(self, vocabulary: Vocabulary, rhymer: Rhymer) -> None:
        self.line_end_character = line_start(vocabulary)
        self.id_to_char = vocabulary.id_to_char
        self._vocabulary = vocabulary
        self._rhymer = rhymer
        # Each object has its own caches, which are freed with it.
        self.spellable_words = functools.cache(self._spellable_words)
        self.count_endings = functools.cache(self._count_endings)
        self.ids_in_phrases = functools.cache(self._ids_in_phrases)

    def _where(self, test: Callable[[str], bool]) -> Mask:
        return np.array([False, *map(test, self._vocabulary.characters)])

    @functools.cached_property
    def known(self) -> Mask:
        """All characters but the unknown one."""
        return self._where(lambda character: True)

    @functools.cached_property
    def none(self) -> Mask:
        """No character."""
        return self._where(lambda character: False)

    @functools.cached_property
    def line_end(self) -> Mask:
        """The character that ends a line."""
        return self._where(lambda character: character == self.line_end_character)

    @functools.cached_property
    def counted(self) -> Mask:
        """Those that count for the length of a line."""
        return self._where(is_counted)

    @functools.cached_property
    def uncounted(self) -> Mask:
        """Those that may stand within a line and do not count."""
        return ~self.counted & self._where(lambda character: character not in ("\n", "\t", self.line_end_character))

    @functools.cached_property
    def opening(self) -> Mask:
        """Uncounted ones that may begin a line."""
        return self.uncounted & self._where(opens)

    @functools.cached_property
    def closing(self) -> Mask:
        """Uncounted ones that may follow the last counted character of a line."""
        return self.uncounted & self._where(lambda character: unicodedata.category(character) in _CLOSING)

    @functools.cached_property
    def pause(self) -> Mask:
        """Uncounted ones that make a pause within a line."""
        return self.uncounted & (self.closing | self._where(str.isspace))

    def only(self, text: str) -> Mask:
        """The characters of ``text`` that the vocabulary holds."""
        return self.forced(text) & self.known

    def forced(self, text: str) -> Mask:
        """The characters of ``text``; the unknown character stands for those that the vocabulary does not hold."""
        mask = np.zeros(len(self._vocabulary), bool)
        mask[self._vocabulary.encode(text)] = True
        return mask

    @functools.cached_property
    def rhyme_classes(self) -> dict[str, frozenset[str]]:
        """The classes of rhyme of each counted character, in all of its readings."""
        counted = zip(self._vocabulary.id_to_char, self.counted)
        return {character: self._rhymer.of_character(character) for character, counts in counted if counts}

    @functools.cached_property
    def class_masks(self) -> dict[str, Mask]:
        """The characters of each class of rhyme."""
        masks: dict[str, Mask] = collections.defaultdict(lambda: np.zeros(len(self._vocabulary), bool))
        for char_id, character in enumerate(self._vocabulary.id_to_char):
            for name in self.rhyme_classes.get(character, ()):
                masks[name][char_id] = True
        return dict(masks)

    @functools.cached_property
    def alone_masks(self) -> dict[str | None, Mask]:
        """The counted characters of each class of rhyme, and of none, as they are read outside of phrases."""
        masks: dict[str | None, Mask] = collections.defaultdict(lambda: np.zeros(len(self._vocabulary), bool))
        for char_id in np.flatnonzero(self.counted):
            masks[self._rhymer.alone(self._vocabulary.id_to_char[char_id])][char_id] = True
        return dict(masks)

    def has_several_classes(self, character: str) -> bool:
        """Whether a character has readings that do not rhyme with each other; it need not be in the vocabulary."""
        return len(self._rhymer.of_character(character)) > 1

    @functools.cached_property
    def _with_several_classes(self) -> frozenset[str]:
        return frozenset(character for character, classes in self.rhyme_classes.items() if len(classes) > 1)

    def _ids_in_phrases(self, character: str, rhyme_class: str | None) -> list[int]:
        """The ids of those of several classes, one of them this (None: any), that end a phrase behind a character."""
        lasts = sorted(self._rhymer.follows_in_phrases(character) & self._with_several_classes)
        found = [last for last in lasts if rhyme_class is None or rhyme_class in self.rhyme_classes[last]]
        ids: list[int] = self._vocabulary.encode("".join(found)).tolist()
        return ids

    def _spellable_words(self, rhyme_class: str) -> tuple[str, ...]:
        """The English words of a class whose letters the vocabulary holds, sorted."""
        words = sorted(self._rhymer.words(rhyme_class))
        return tuple(word for word in words if all(letter in self._vocabulary for letter in word))

    def _count_endings(self, rhyme_class: str) -> int:
        """How many different characters and words can end a line in this class."""
        characters = int(np.count_nonzero(self.class_masks.get(rhyme_class, 0)))
        return characters + len(self.spellable_words(rhyme_class))
