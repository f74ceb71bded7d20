"""Which characters keep the tones that the lines of a song must have."""

from __future__ import annotations

import collections
import functools
import itertools
from typing import Callable, NamedTuple

import numpy as np

from lyricgen.errors import OptionError
from lyricgen.text.script import simplified
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
    The last character of a line has the tone that it has at the end of lines.
    """

    def __init__(self, characters: Characters, tones: Tones) -> None:
        self._characters = characters
        self._tones = tones
        # Each object has its own caches, which are freed with it.
        self.mask = functools.cache(self._compute_mask)
        self._mask_at_end = functools.cache(self._compute_mask_at_end)
        self._beginning = functools.cache(self._characters_that_begin)
        self._read = functools.lru_cache(maxsize=1 << 16)(self._read_line)
        self._after = functools.lru_cache(maxsize=1 << 14)(self._characters_after)
        self._of_beginning = functools.lru_cache(maxsize=1 << 15)(tones.of_beginning)
        self._end = functools.lru_cache(maxsize=1 << 12)(tones.end_of)

    def check(self, first: str, required: str) -> None:
        """OptionError if the first character of a line cannot have the tone that is required there."""
        if not self.can_have(first, required):
            raise OptionError(f"--acrostic: {first} begins a line whose first tone must be {NAMES[required]}")

    def can_have(self, character: str, required: str) -> bool:
        """Whether a character has the required tone alone, in some phrase, or at the end of some line."""
        return any(fits(tone, required) for tone in self._tones.possible(character))

    def possible(self, required: str) -> Mask:
        """The counted characters (V,) that can have the required tone."""
        able = [character for character in self._ids if is_counted(character) and self.can_have(character, required)]
        return self._characters.only("".join(able))

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
        is_last = state.counted + 1 == len(pattern)
        if self.is_open(state):
            found = self._characters.none
        else:
            found = self._mask_at_end(pattern[-1]) if is_last else self._beginning(pattern[state.counted :])
        ids, may_come = self._after(*self._window(state))
        if len(ids):
            found = found.copy()
            found[ids] = may_come
        return self._changed_at_end(found, state) if is_last else found

    def _changed_at_end(self, found: Mask, state: FormState) -> Mask:
        """Correct the characters that have another tone at the end of a line, by what stands before them."""
        changed = self._ids.keys() & self._tones.changed_at_end(state.text)
        if changed:
            found = found.copy()
            for character in changed:
                found[self._ids[character]] = self._read(state.line.tones, state.text + character).keeps
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
        return self._fitting(self._tones.alone, required)

    def _compute_mask_at_end(self, required: str) -> Mask:
        """The counted characters (V,) that fit it at the end of a line, where nothing before them tells their tones."""
        return self._fitting(self._tones.at_end, required)

    def _fitting(self, tone_of: Callable[[str], str], required: str) -> Mask:
        found = self._characters.counted.copy()
        if required != ANY:
            for char_id in np.flatnonzero(found):
                found[char_id] = fits(tone_of(self._characters.id_to_char[char_id]), required)
        return found

    def _characters_that_begin(self, pattern: str) -> Mask:
        """Those that fit the first tone of a pattern alone, or as the first one of a phrase that fits it all."""
        found = self.mask(pattern[0])
        firsts = {phrase.text[0] for phrase in self._phrases if _goes_on(phrase, "", pattern)}
        return found | self._characters.only("".join(firsts)) if firsts else found

    def _read_line(self, pattern: str, text: str) -> _Reading:
        tones = self._of_beginning(text)
        if len(tones) == len(pattern):
            tones = self._tones.of_line(text)
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
    def _phrases(self) -> list[Phrase]:
        """Those that this vocabulary can write, in simplified and in traditional characters."""
        written = collections.defaultdict(list)
        for character in self._ids:
            for form in {character, simplified(character)}:
                written[form].append(character)
        found = []
        for phrase in self._tones.phrases():
            if written.keys() >= set(phrase.text):
                texts = set(map("".join, itertools.product(*(written[character] for character in phrase.text))))
                found += [phrase] if phrase.text in texts else []
                texts.discard(phrase.text)
                found += [self._tones.in_phrase(text) for text in texts if simplified(text) == phrase.text]
        return found

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
