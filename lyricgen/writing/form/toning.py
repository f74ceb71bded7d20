"""Which characters keep the tones that the lines of a song must have."""

from __future__ import annotations

import collections
import functools
from typing import NamedTuple

import numpy as np

from lyricgen.errors import OptionError
from lyricgen.writing.form.characters import Characters, Mask
from lyricgen.writing.form.rhyme import is_counted
from lyricgen.writing.form.state import FormState
from lyricgen.writing.form.tones import ANY, NAMES, Phrase, Tones, fits, keeps

_AHEAD = 4  # characters after the current one that a phrase may go on


class _Reading(NamedTuple):
    """A line so far: whether it keeps its pattern, and whether it would if it went on as some phrase does."""

    keeps: bool
    may_keep: bool


class Toning:
    """The tones of lines with the characters of one vocabulary.

    A phrase may give a character another tone than it has alone, also one that stands before the phrase is complete. So
    a character may come if the line keeps its pattern with it, or if it begins or continues a phrase by which it would.
    """

    def __init__(self, characters: Characters, tones: Tones) -> None:
        self._characters = characters
        self._tones = tones
        # Each object has its own caches, which are freed with it.
        self.mask = functools.cache(self._compute_mask)
        self._beginning = functools.cache(self._characters_that_begin)
        self._read = functools.lru_cache(maxsize=1 << 16)(self._read_line)
        self._after = functools.lru_cache(maxsize=1 << 14)(self._characters_after)
        self._of_line = functools.lru_cache(maxsize=1 << 15)(tones.of_line)
        self._end = functools.lru_cache(maxsize=1 << 12)(tones.end_of)

    def check(self, first: str, required: str) -> None:
        """OptionError if the first character of a line cannot have the tone that is required there."""
        if not self.can_have(first, required):
            raise OptionError(f"--acrostic: {first} begins a line whose first tone must be {NAMES[required]}")

    def can_have(self, character: str, required: str) -> bool:
        """Whether a character has the required tone alone or in some phrase."""
        return fits(self._tones.alone(character), required) or required in self._in_phrases.get(character, ())

    def possible(self, required: str) -> Mask:
        """The counted characters (V,) that can have the required tone."""
        firsts = [character for character, tones in self._in_phrases.items() if required in tones]
        return self.mask(required) | (self._characters.only("".join(firsts)) & self._characters.counted)

    def is_satisfied(self, state: FormState) -> bool:
        """Whether the current line has the tones that it must have."""
        return not state.line.tones or self._read(state.line.tones, state.text).keeps

    def may_come(self, state: FormState, character: str) -> bool:
        """Whether a counted character keeps the tones of the line, or may by what follows."""
        return any(self._read(state.line.tones, state.text + character))

    def next_characters(self, state: FormState) -> Mask | None:
        """The next counted characters (V,) that keep the tones of the line; None if it may have any."""
        pattern = state.line.tones
        if not pattern.strip(ANY):
            return None
        found = self._characters.none if self.is_open(state) else self._beginning(pattern[state.counted :])
        ids, may_come = self._after(*self._window(state))
        if len(ids):
            found = found.copy()
            found[ids] = may_come
        return found

    def is_open(self, state: FormState) -> bool:
        """Whether the line keeps its tones only if the phrase that it ends in goes on."""
        if not state.line.tones:
            return False
        end, pattern = self._window(state)
        return not self._read(pattern, end).keeps

    def _window(self, state: FormState) -> tuple[str, str]:
        """The end of the line, with which the next character may be read, and the tones from there on."""
        end = self._end(state.text)
        return end, state.line.tones[state.counted - len(end) : state.counted + _AHEAD]

    def _characters_after(self, end: str, pattern: str) -> tuple[list[int], list[bool]]:
        """The characters that may be read with the end of a line, and whether each may come."""
        begun = (self._by_beginning.get(end[place:], ()) for place in range(len(end)))
        after = {phrase.text[len(end) - place] for place, phrases in enumerate(begun) for phrase in phrases}
        ids = [self._ids[character] for character in sorted(after)]
        return ids, [any(self._read(pattern, end + self._characters.id_to_char[char_id])) for char_id in ids]

    def _compute_mask(self, required: str) -> Mask:
        """The counted characters (V,) that fit a requirement alone."""
        if required == ANY:
            return self._characters.counted
        found = self._characters.counted.copy()
        for char_id in np.flatnonzero(found):
            found[char_id] = fits(self._tones.alone(self._characters.id_to_char[char_id]), required)
        return found

    def _characters_that_begin(self, pattern: str) -> Mask:
        """Those that fit the first tone of a pattern alone, or as the first one of a phrase that fits it all."""
        found = self.mask(pattern[0])
        firsts = {phrase.text[0] for phrase in self._phrases if _goes_on(phrase, "", pattern)}
        return found | self._characters.only("".join(firsts)) if firsts else found

    def _read_line(self, pattern: str, text: str) -> _Reading:
        tones = self._of_line(text)
        wrong = [place for place, (tone, required) in enumerate(zip(tones, pattern)) if not fits(tone, required)]
        if not wrong:
            return _Reading(True, False)
        return _Reading(False, self._is_open(pattern, text, len(tones), wrong[0]))

    def _is_open(self, pattern: str, text: str, counted: int, wrong: int) -> bool:
        """Whether the end of a line, from before its first wrong character on, begins a phrase that would keep all."""
        for length in range(counted - wrong, min(counted, len(text)) + 1):
            begun = text[len(text) - length :]
            if all(map(is_counted, begun)) and any(
                _goes_on(phrase, begun, pattern[counted - length :]) for phrase in self._by_beginning.get(begun, ())
            ):
                return True
        return False

    @functools.cached_property
    def _in_phrases(self) -> dict[str, set[str]]:
        """The tones that characters have in phrases that change one; ANY counts as each."""
        found: dict[str, set[str]] = collections.defaultdict(set)
        for phrase in self._tones.phrases():
            for character, tone in zip(phrase.text, phrase.tones):
                found[character] |= {*NAMES} if tone == ANY else {tone}
        return found

    @functools.cached_property
    def _phrases(self) -> list[Phrase]:
        """Those that this vocabulary can write."""
        known = set(self._characters.id_to_char)
        return [phrase for phrase in self._tones.phrases() if known.issuperset(phrase.text)]

    @functools.cached_property
    def _by_beginning(self) -> dict[str, list[Phrase]]:
        """The phrases by each of their beginnings."""
        found = collections.defaultdict(list)
        for phrase in self._phrases:
            for length in range(1, len(phrase.text)):
                found[phrase.text[:length]].append(phrase)
        return dict(found)

    @functools.cached_property
    def _ids(self) -> dict[str, int]:
        return {character: char_id for char_id, character in enumerate(self._characters.id_to_char)}


def _goes_on(phrase: Phrase, begun: str, pattern: str) -> bool:
    """Whether a phrase that has begun so would keep the pattern from its first character on."""
    is_longer = len(begun) < len(phrase.text) <= len(pattern)
    return is_longer and phrase.text.startswith(begun) and keeps(phrase.tones, pattern)
