"""The tone of each character of a line: level (平), oblique (仄), or either.

Modern: tones 1 and 2 are level, 3 and 4 oblique; a neutral tone has no height of its own and counts as either. Where a
character has several readings, what stands before and behind it decides. Classical: the tones of the Guangyun (廣韻),
by any reading.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from lyricgen.writing.form import readings
from lyricgen.writing.form.rhyme import counted_end, is_counted

_END = 3  # characters; few phrases have more than four
LEVEL, OBLIQUE, ANY, NONE = "p", "z", "*", ""
NAMES = {LEVEL: "平", OBLIQUE: "仄", ANY: "中"}
_MARKED = {"̄": LEVEL, "́": LEVEL, "̌": OBLIQUE, "̀": OBLIQUE}  # combining marks


def fits(tone: str, required: str) -> bool:
    """Whether a tone is the required one; NONE, that of a digit or a letter, only fits where any may stand."""
    return required == ANY or tone in (required, ANY)


def keeps(tones: Sequence[str], pattern: str) -> bool:
    """Whether the first characters of a line fit its pattern."""
    return all(map(fits, tones, pattern))


class Phrase(NamedTuple):
    """A phrase, or characters that are none, and their tones."""

    text: str
    tones: tuple[str, ...]


class Tones:
    """Modern tones."""

    def __init__(self) -> None:
        self.in_phrase = functools.lru_cache(maxsize=1 << 16)(_read_phrase)  # freed with the object

    def of_line(self, line: str) -> list[str]:
        """The tone of each counted character of a whole line."""
        whole = line[: counted_end(line)]
        tones = self.of_beginning(whole)
        if len(readings.known(whole[-1:])) > 1:
            tones[-1] = _tone(readings.of_end(whole))
        return tones

    def of_beginning(self, line: str) -> list[str]:
        """The tone of each counted character of a line that goes on."""
        found: list[str] = []
        for phrase in readings.segments(line):
            found += self.in_phrase(phrase).tones
        return found

    def end_of(self, line: str) -> str:
        """The last phrases of a line, ``_END`` characters at most: what a further character may be read with."""
        end = ""
        for phrase in reversed(readings.segments(line)):
            if len(phrase + end) > _END or not all(map(is_counted, phrase)):
                break
            end = phrase + end
        return end

    def alone(self, character: str) -> str:
        """The tone of a character outside of phrases."""
        return _tone(readings.alone(character))

    def at_end(self, character: str) -> str:
        """The tone of a character at the end of a line where nothing before it tells."""
        return _tone(readings.at_end(character))

    def changed_at_end(self, before: str) -> frozenset[str]:
        """The characters that may have another tone at the end of a line behind a text."""
        return readings.changed_behind(before)

    def possible(self, character: str) -> frozenset[str]:
        """The tones of a character, alone, in phrases, and at the end of lines."""
        return frozenset(map(_tone, readings.possible(character)))

    def phrases(self) -> tuple[Phrase, ...]:
        """Those that change the tone of a character, in simplified characters."""
        return _changing_phrases()


class ClassicalTones(Tones):
    """Tones of the Guangyun. A character that has level and oblique readings counts as either."""

    def end_of(self, line: str) -> str:
        return ""

    def of_line(self, line: str) -> list[str]:
        return [self.alone(character) for character in line if is_counted(character)]

    of_beginning = of_line

    def alone(self, character: str) -> str:
        from lyricgen.writing.form import classical

        tones = classical.tones(character)
        return ANY if len(tones) > 1 else next(iter(tones), NONE)

    at_end = alone

    def changed_at_end(self, before: str) -> frozenset[str]:
        return frozenset()

    def possible(self, character: str) -> frozenset[str]:
        return frozenset([self.alone(character)])

    def phrases(self) -> tuple[Phrase, ...]:
        return ()


TONE_READERS = {"modern": Tones, "classical": ClassicalTones}  # by the value of --tones-by


def _read_phrase(text: str) -> Phrase:
    """A phrase, or a text that is none, with the tone of each counted character."""
    pairs = zip(text, readings.in_phrase(text))
    return Phrase(text, tuple(_tone(reading) for character, reading in pairs if is_counted(character)))


@functools.cache
def _changing_phrases() -> tuple[Phrase, ...]:
    from pypinyin.constants import PHRASES_DICT, PINYIN_DICT

    several = {chr(code): known for code, known in PINYIN_DICT.items() if "," in known}
    alone = {character: _tone(known.partition(",")[0]) for character, known in several.items()}
    found = []
    for text, syllables in PHRASES_DICT.items():
        if alone.keys().isdisjoint(text):
            continue
        tones = tuple(_tone(reading) for (reading, *_) in syllables)
        if any(alone.get(character, tone) != tone for character, tone in zip(text, tones)):
            found.append(Phrase(text, tones))
    return tuple(found)


@functools.lru_cache(maxsize=4096)
def _tone(reading: str) -> str:
    """The tone of a reading."""
    if not reading:
        return NONE
    marks = [_MARKED[mark] for mark in unicodedata.normalize("NFD", reading) if mark in _MARKED]
    return marks[0] if marks else ANY
