"""The readings of Chinese characters in a line: syllables of Hanyu Pinyin with the mark of their tone, as ``hǎo``.

A character has the reading of the longest phrase of pypinyin's that stands there, else its first one. At the end of a
line, where songs rhyme, data/readings.txt decides before the phrases. Both know simplified characters. Traditional ones
are looked up in their simplified form and keep to the readings that they have themselves: 發 and 髮 are both 发.
"""

from __future__ import annotations

import collections
import functools
import itertools

from lyricgen import files
from lyricgen.text.script import simplified, spellings

_FILE = "readings.txt"
_ANY, _TWICE, _ELSE = "A", "AA", "*"  # what the table says of the characters before, beside these themselves
_LIKE_BEFORE = "~"
_LONGEST = 4  # characters before the last one that the table names
_TONELESS = str.maketrans(
    "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜńňǹḿếề", "aaaaeeeeiiiioooouuuuüüüünnnmêê", "\u0304\u0301\u030c\u0300"
)
_LACKING = {"麼": "ma", "沒": "mò", "剝": "bāo", "吶": "na"}  # readings that pypinyin gives to other spellings only


def of_end(line: str) -> str:
    """The reading of the last character of a whole line; empty if it has none."""
    last, plain = line[-1:], simplified(line[-1 - _LONGEST :])
    reading = _behind(plain[:-1], plain[-1:])
    if reading == _LIKE_BEFORE:
        return toneless(of_end(line[:-1]))
    if _may_have(last, reading):
        return reading
    phrase = segments(line[_start_of_run(line) :])[-1] if plain[-2:] in phrase_ends() else ""
    return in_phrase(phrase)[-1] if len(phrase) > 1 else at_end(last)


def _behind(before: str, last: str) -> str:
    """What the table says of the last character of a line, by as many before it as it knows; empty if it knows none."""
    rows = table().get(last)
    if not rows or not known(before[-1:]):
        return ""
    for length in range(min(len(before), _LONGEST), 0, -1):
        if before[-length:] in rows:
            return rows[before[-length:]]
    return (before[-2:-1] == before[-1] and rows.get(_TWICE)) or rows.get(_ANY, "")


def _start_of_run(line: str) -> int:
    """Where the last characters begin that all have readings: no phrase goes beyond."""
    begin = len(line)
    while begin and known(line[begin - 1]):
        begin -= 1
    return begin


def segments(line: str) -> list[str]:
    """A line in pieces: phrases, and characters and other text between them."""
    from pypinyin.seg import simpleseg

    plain = simplified(line)
    found: list[str] = simpleseg.seg(plain) if plain else []
    if plain == line:
        return found
    ends = list(itertools.accumulate(map(len, found)))
    return [line[begin:end] for begin, end in zip([0, *ends], ends)]


def in_phrase(phrase: str) -> list[str]:
    """The reading of each character of a phrase, or of a text that is none; empty if it has none."""
    from pypinyin.constants import PHRASES_DICT

    found = PHRASES_DICT.get(simplified(phrase), ())
    pairs = itertools.zip_longest(phrase, (reading for (reading, *_) in found), fillvalue="")
    return [reading if _may_have(character, reading) else alone(character) for character, reading in pairs]


@functools.lru_cache(maxsize=1 << 14)
def known(character: str) -> tuple[str, ...]:
    """The readings of a character, the most frequent one first."""
    from pypinyin.constants import PINYIN_DICT

    found = PINYIN_DICT.get(ord(character), "").split(",") if character else []
    return tuple(filter(None, [*found, _LACKING.get(character, "")]))


@functools.lru_cache(maxsize=1 << 14)
def alone(character: str) -> str:
    """The reading of a character outside of phrases; empty if it has none."""
    first = next(iter(known(simplified(character))), "")
    return first if _may_have(character, first) else next(iter(known(character)), "")


@functools.lru_cache(maxsize=1 << 14)
def at_end(character: str) -> str:
    """The reading of a character that ends a line where nothing before it tells; empty if it has none."""
    reading = table().get(simplified(character), {}).get(_ELSE, "")
    return reading if _may_have(character, reading) else alone(character)


def _may_have(character: str, reading: str) -> bool:
    """Whether a reading of the simplified form is one of the character's own, perhaps without its tone."""
    if not reading or character == simplified(character):
        return bool(reading)
    own = known(character)
    return reading in own or (reading == toneless(reading) and reading in map(toneless, own))


def toneless(reading: str) -> str:
    """A reading in the neutral tone."""
    return reading.translate(_TONELESS)


@functools.lru_cache(maxsize=1 << 10)
def possible(character: str) -> frozenset[str]:
    """The readings that a character has alone, in phrases, and at the end of lines."""
    from pypinyin.constants import PHRASES_DICT

    plain = simplified(character)
    phrases = ((phrase, found) for phrase, found in PHRASES_DICT.items() if plain in phrase)
    pairs = itertools.chain.from_iterable(itertools.starmap(zip, phrases))
    in_phrases = (reading for one, (reading, *_) in pairs if one == plain)
    found = {alone(character), *table().get(plain, {}).values(), *in_phrases} - {_LIKE_BEFORE}
    if takes_any(character):
        found.add(toneless(alone(character)))
    return frozenset(reading for reading in found if _may_have(character, reading))


def takes_any(character: str) -> bool:
    """Whether a character may be read as the one before it, whatever that is."""
    return character in _takers()


@functools.cache
def _takers() -> frozenset[str]:
    takers = (last for last, rows in table().items() if _LIKE_BEFORE in rows.values())
    return frozenset(itertools.chain.from_iterable(map(spellings, takers)))


@functools.lru_cache(maxsize=1 << 13)
def changed_behind(before: str) -> frozenset[str]:
    """The characters of the table that are read in some way behind the end of a text, by it or by a phrase."""
    plain = simplified(before[-_LONGEST:])
    lasts = (last for last in table() if _behind(plain, last) or plain[-1:] + last in phrase_ends())
    return frozenset(itertools.chain.from_iterable(map(spellings, lasts)))


@functools.lru_cache(maxsize=1 << 13)
def lasts_behind(character: str) -> frozenset[str]:
    """The characters that may be read otherwise behind this one than behind none."""
    by_first = _lasts_by_first()
    lasts = (by_first.get(first, ()) for first in {character, simplified(character), _ANY})
    return frozenset(itertools.chain.from_iterable(map(spellings, itertools.chain.from_iterable(lasts))))


@functools.cache
def _lasts_by_first() -> dict[str, set[str]]:
    """The last character of phrases and of what the table knows, by the one before it."""
    found: dict[str, set[str]] = {}
    for end in phrase_ends():
        found.setdefault(end[0], set()).add(end[1])
    for last, rows in table().items():
        for before in rows:
            found.setdefault(before[-1], set()).add(last)
    return found


@functools.cache
def phrase_ends() -> frozenset[str]:
    """The last two characters of every phrase: behind any others, a character is read alone."""
    from pypinyin.constants import PHRASES_DICT

    return frozenset(phrase[-2:] for phrase in PHRASES_DICT if len(phrase) > 1)


@functools.cache
def table() -> dict[str, dict[str, str]]:
    """By the last character of a line, what may stand before it -> its reading; from data/readings.txt."""
    return parse(files.shipped(_FILE).read_text("utf-8"))


def parse(text: str) -> dict[str, dict[str, str]]:
    """The rows of such a table."""
    sets: dict[str, str] = {}
    found: dict[str, dict[str, str]] = collections.defaultdict(dict)
    for row in text.splitlines():
        if not row or row.startswith("#"):
            continue
        last, reading, *befores = row.split()
        if reading == "=":
            sets[last] = "".join(befores)
            continue
        for before in befores:
            spelled = itertools.product(*(sets.get(sign, sign) for sign in before))
            found[last].update(dict.fromkeys(map("".join, spelled), reading))
    return dict(found)
