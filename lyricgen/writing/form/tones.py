"""The tone of each character of a line: level (平), oblique (仄), or either.

Modern: tones 1 and 2 are level, 3 and 4 oblique; a neutral tone has no height of its own and counts as either. Where a
character has several readings, pypinyin's phrases decide. Classical: the tones of the Guangyun (廣韻), by any reading.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

from lyricgen.writing.form.rhyme import is_counted

_END = 3  # characters; few phrases have more than four
LEVEL, OBLIQUE, ANY, NONE = "p", "z", "*", ""
NAMES = {LEVEL: "平", OBLIQUE: "仄", ANY: "中"}
LETTERS = str.maketrans({name: tone for tone, name in NAMES.items()})
_OF_NUMBER = {"1": LEVEL, "2": LEVEL, "3": OBLIQUE, "4": OBLIQUE, "5": ANY}
_MARKED = {"̄": LEVEL, "́": LEVEL, "̌": OBLIQUE, "̀": OBLIQUE}  # combining marks


def fits(tone: str, required: str) -> bool:
    """Whether a tone is the required one; NONE, that of a digit or a letter, only fits where any may stand."""
    return required == ANY or tone in (required, ANY)


def keeps(tones: Sequence[str], pattern: str) -> bool:
    """Whether the first characters of a line fit its pattern."""
    return all(map(fits, tones, pattern))


class Phrase(NamedTuple):
    """A phrase in which some character has another tone than alone."""

    text: str
    tones: tuple[str, ...]


class Tones:
    """Modern tones."""

    def __init__(self) -> None:
        self._in_phrase = functools.lru_cache(maxsize=1 << 16)(_tones_in_phrase)

    def of_line(self, line: str) -> list[str]:
        """The tone of each counted character."""
        from pypinyin.seg import simpleseg

        found: list[str] = []
        for phrase in simpleseg.seg(line) if line else ():
            found += self._in_phrase(phrase)
        return found

    def end_of(self, line: str) -> str:
        """The last phrases of a line, ``_END`` characters at most: what a further character may be read with."""
        from pypinyin.seg import simpleseg

        end = ""
        for phrase in reversed(simpleseg.seg(line) if line else ()):
            if len(phrase + end) > _END or not all(map(is_counted, phrase)):
                break
            end = phrase + end
        return end

    def alone(self, character: str) -> str:
        """The tone of a character outside of phrases."""
        return self._in_phrase(character)[0]

    def phrases(self) -> tuple[Phrase, ...]:
        """Those that change the tone of a character."""
        return _changing_phrases()


class ClassicalTones(Tones):
    """Tones of the Guangyun. A character that has level and oblique readings counts as either."""

    def end_of(self, line: str) -> str:
        return ""

    def of_line(self, line: str) -> list[str]:
        return [self.alone(character) for character in line if is_counted(character)]

    def alone(self, character: str) -> str:
        from lyricgen.writing.form import classical

        tones = classical.tones(character)
        return ANY if len(tones) > 1 else next(iter(tones), NONE)

    def phrases(self) -> tuple[Phrase, ...]:
        return ()


TONE_READERS = {"modern": Tones, "classical": ClassicalTones}  # by the value of --tones-by


def _tones_in_phrase(phrase: str) -> tuple[str, ...]:
    """The tone of each counted character of a phrase, or of a run of characters that have none."""
    from pypinyin import Style, lazy_pinyin

    readings = lazy_pinyin(phrase, style=Style.TONE3, neutral_tone_with_five=True, errors="ignore")
    if len(readings) != len(phrase):
        return (NONE,) * sum(map(is_counted, phrase))
    return tuple(_OF_NUMBER.get(reading[-1:], NONE) for reading in readings)


@functools.cache
def _changing_phrases() -> tuple[Phrase, ...]:
    from pypinyin.constants import PHRASES_DICT, PINYIN_DICT

    several = {chr(code): readings for code, readings in PINYIN_DICT.items() if "," in readings}
    alone = {character: _marked_tone(readings.partition(",")[0]) for character, readings in several.items()}
    found = []
    for text, readings in PHRASES_DICT.items():
        if alone.keys().isdisjoint(text):
            continue
        tones = tuple(_marked_tone(reading) for (reading, *_) in readings)
        if any(alone.get(character, tone) != tone for character, tone in zip(text, tones)):
            found.append(Phrase(text, tones))
    return tuple(found)


@functools.lru_cache(maxsize=4096)
def _marked_tone(reading: str) -> str:
    """The tone of a syllable that is written with its mark, as ``hǎo``."""
    import unicodedata

    marks = [_MARKED[mark] for mark in unicodedata.normalize("NFD", reading) if mark in _MARKED]
    return marks[0] if marks else ANY
