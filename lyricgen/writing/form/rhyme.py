"""The class of rhyme of a line: by its last counted character in Chinese, by its last word in English.

Chinese lines rhyme if the finals of Hanyu Pinyin are in the same one of thirteen groups (十三辙); strictly, if they are
equal; nearly, if only the nasal at the end is another one (en and eng, an and ang). English lines rhyme if all sounds
from the last vowel on are equal; strictly, from the last stressed vowel on. A word that has several pronunciations in
the CMU Pronouncing Dictionary rhymes by each.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Sequence

from lyricgen.writing.form import english, readings

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
_OR = "/"  # between the classes of what rhymes by several


def is_counted(character: str) -> bool:
    """Whether a character counts for the length of a line. Letters and numbers do; all others do not."""
    return unicodedata.category(character)[0] in "LN"


@functools.lru_cache(maxsize=4096)
def counted_in(text: str) -> str:
    """The counted characters of a text."""
    return "".join(filter(is_counted, text))


def counted_end(line: str) -> int:
    """The place after the last counted character of a line; 0 if there is none."""
    end = len(line)
    while end and not is_counted(line[end - 1]):
        end -= 1
    return end


def line_ending(line: str) -> str:
    """The last counted character of a line, or the last word in lower case if its letters are Latin, or number."""
    end = counted_end(line)
    return english.ending(line[:end]) or line[max(end - 1, 0) : end]


def either(classes: Iterable[str]) -> str:
    """A name for several classes, one of which a line must have; empty for none."""
    return _OR.join(sorted(classes))


def classes_of(name: str) -> frozenset[str]:
    """The classes of such a name."""
    return frozenset(filter(None, name.split(_OR)))


class Rhymer:
    """Finds classes of rhyme: the name of a group, a final, or the sounds of an English ending."""

    def __init__(self, *, strict: bool = False, near: bool = False) -> None:
        self._strict = strict
        self._near = _NEAR if near else {}
        self._classes: dict[str, frozenset[str]] = {}

    def of_line(self, line: str) -> str | None:
        """The class of a line; None if it has none, for instance one that ends in an unknown word.

        In English it is that of the most frequent pronunciation; ``classes_of_line`` has all of them.
        """
        return next(iter(self._of_line(line)), None)

    def classes_of_line(self, line: str) -> frozenset[str]:
        """The classes of a line: two lines rhyme if they have one in common."""
        return frozenset(self._of_line(line))

    def _of_line(self, line: str) -> Sequence[str]:
        end = counted_end(line)
        last = line[end - 1 : end]
        if english.is_spoken(last):
            return english.endings(english.last_word(line[: end + 1]), strict=self._strict)
        classes = self.of_character(last)
        if len(classes) < 2:
            return tuple(classes)
        name = self._of_reading(readings.of_end(line[:end]))
        return (name,) if name else ()

    def before_last(self, line: str, count: int) -> tuple[str | None, ...]:
        """The classes of the ``count`` counted characters before the last one of a Chinese line, the last one first."""
        classes: list[str | None] = []
        for phrase in reversed(readings.segments(line)):
            classes += [self._of_reading(reading) for reading in reversed(readings.in_phrase(phrase))]
            if len(classes) > count:
                break
        return tuple(classes[1 : count + 1])

    def of_final(self, final: str) -> str:
        """The class of one of ``FINALS``."""
        return self._class_of(final) or ""

    def of_character(self, character: str) -> frozenset[str]:
        """The classes of a character, in all of its readings. A single class holds in every line."""
        if character not in self._classes:
            names = {self._of_reading(reading) for reading in readings.known(character)}
            if readings.takes_any(character):
                names |= set(map(self._class_of, FINALS))
            self._classes[character] = frozenset(name for name in names if name)
        return self._classes[character]

    def alone(self, character: str) -> str | None:
        """The class of a character at the end of a line where nothing before it tells how it is read."""
        return self._of_reading(readings.at_end(character))

    def follows_in_phrases(self, character: str) -> frozenset[str]:
        """The characters that may be read otherwise at the end of a line behind this one than ``alone``."""
        return readings.lasts_behind(character)

    def _of_reading(self, reading: str) -> str | None:
        return self._class_of(_final(readings.toneless(reading)))

    def _class_of(self, final: str | None) -> str | None:
        group = final if self._strict else _GROUP_OF.get(final or "")
        return self._near.get(group or "", group)

    def words(self, name: str) -> frozenset[str]:
        """The English words of one or more classes; none if the class is Chinese."""
        names = classes_of(name) if name.isascii() and name.isupper() else ()
        return frozenset[str]().union(*(english.rhyming_words(one, self._strict) for one in names))


@functools.cache
def _final(reading: str) -> str | None:
    """The final of a reading without its tone, as ``GROUPS`` names it."""
    from pypinyin.contrib.tone_convert import to_finals

    plain = reading.replace("ü", "v")
    if _APICAL.fullmatch(plain):
        return "-i"
    return to_finals(plain, strict=True) or None
