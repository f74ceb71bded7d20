"""Named forms (格律 and 词牌): how many characters, which tones and which rhymes each line of a song has.

They stand in data/forms.txt, whose head says how to read it.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import unicodedata
from collections.abc import Mapping
from difflib import get_close_matches

from lyricgen import files
from lyricgen.errors import OptionError
from lyricgen.writing.form.rhyme import counted_in
from lyricgen.writing.form.tones import LETTERS

_FILE = "forms.txt"
_LINE = re.compile("([平仄中、]+)(?: ([A-Z]))?")
_REPEAT = re.compile("=([1-9][0-9]*)")
_SIMPLIFIED = str.maketrans(
    "絕詩韻謠歸漁憶夢練長見烏樓點絳紗薩蠻疊採羅減蘭樂蘿陽詞賣聲鷓鴣鄉臨後戀華鵲鳳棲風雲鬢滿紅調頭嬌東園壽",
    "绝诗韵谣归渔忆梦练长见乌楼点绛纱萨蛮叠采罗减兰乐萝阳词卖声鹧鸪乡临后恋花鹊凤栖风云鬓满红调头娇东园寿",
)


@dataclasses.dataclass(frozen=True)
class Tune:
    """A named form. Lines are numbered from 0."""

    name: str
    aliases: tuple[str, ...]
    text: str  # its lines as the table has them
    tones: tuple[str, ...]  # of each line: p (平), z (仄) or * (either) for each character
    rhyme: str  # a letter for each line, - for none
    blanks: frozenset[int]  # the lines with a blank line before them
    repeats: Mapping[int, int]  # a line -> the one before it that it repeats word for word

    @property
    def lengths(self) -> tuple[int, ...]:
        """The characters of each line."""
        return tuple(map(len, self.tones))

    @property
    def form(self) -> str:
        """The lengths as ``--form`` takes them: ``7,7/7,7``."""
        parts = [f"{'/' if number in self.blanks else ','}{length}" for number, length in enumerate(self.lengths)]
        return "".join(parts)[1:]


def names() -> tuple[str, ...]:
    """The first name of every form, in the order of the table."""
    return tuple(dict.fromkeys(tune.name for tune in _tunes().values()))


def find(name: str, *, option: str = "--tune") -> Tune:
    """The form of this name, in simplified or traditional characters; OptionError, about ``option``, if none has it."""
    tunes = _tunes()
    plain = _plain(name)
    if plain not in tunes:
        close = get_close_matches(plain, tunes, cutoff=0.5)
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        raise OptionError(f"{option}: no form is called {name}; {hint}lyricgen forms lists them")
    return tunes[plain]


def _plain(name: str) -> str:
    """七絕·首句入韻 -> 七绝入韵."""
    letters = counted_in(unicodedata.normalize("NFKC", name))
    return letters.translate(_SIMPLIFIED).replace("首句", "")


@functools.cache
def _tunes() -> dict[str, Tune]:
    """The forms of the table by all of their names."""
    return parse(files.shipped(_FILE).read_text("utf-8"))


def parse(table: str) -> dict[str, Tune]:
    """The forms of a table by all of their names; ValueError if it cannot be read."""
    rows = "\n".join(row for row in table.splitlines() if not row.startswith("#"))
    tunes: dict[str, Tune] = {}
    for block in re.split(r"\n{2,}", rows.strip()):
        tune = _tune(*block.split("\n"))
        for name in (tune.name, *tune.aliases):
            if name in tunes:
                raise ValueError(f"two forms are called {name}")
            tunes[name] = tune
    return tunes


def _tune(first: str, *rows: str) -> Tune:
    name, *aliases = first.split()
    lines: list[tuple[str, str]] = []
    blanks: set[int] = set()
    repeats: dict[int, int] = {}
    for row in rows:
        repeat = _REPEAT.fullmatch(row)
        if row == "/":
            blanks.add(len(lines))
        elif repeat:
            original = repeats[len(lines)] = int(repeat[1]) - 1
            if original >= len(lines):
                raise ValueError(f"{name}: {row} repeats a line that is not before it")
            lines.append(lines[original])
        else:
            lines.append(_line(name, row))
    tones, letters = zip(*lines)
    return Tune(name, tuple(aliases), "\n".join(rows), tones, "".join(letters), frozenset(blanks), repeats)


def _line(name: str, row: str) -> tuple[str, str]:
    """The tones and the letter of a line."""
    match = _LINE.fullmatch(row)
    if not match:
        raise ValueError(f"{name}: {row!r} is not a line of 平, 仄 and 中, perhaps with a letter")
    return match[1].replace("、", "").translate(LETTERS), match[2] or "-"
