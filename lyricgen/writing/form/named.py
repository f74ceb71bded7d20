"""Named forms (格律, 词牌, and those of songs), and the form that ``--form`` means: inline, by its name, or in a file.

They stand in data/forms.txt, whose head says how to read it.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from lyricgen import files
from lyricgen.errors import OptionError
from lyricgen.text import corpus
from lyricgen.writing.form.lines import Form, parse
from lyricgen.writing.form.rhyme import counted_in

_FILE = "forms.txt"
_LIKE_LINES = re.compile(r"[\d*=平仄中pzxs^+,/A-Z\s-]*")
_LONGEST_NAME = 1000  # characters of a path that is looked for
_SIMPLIFIED = str.maketrans(
    "絕詩韻謠歸漁憶夢練長見烏樓點絳紗薩蠻疊採羅減蘭樂蘿陽詞賣聲鷓鴣鄉臨後戀華鵲鳳棲風雲鬢滿紅調頭嬌東園壽說兒",
    "绝诗韵谣归渔忆梦练长见乌楼点绛纱萨蛮叠采罗减兰乐萝阳词卖声鹧鸪乡临后恋花鹊凤栖风云鬓满红调头娇东园寿说儿",
)


class NamedForm(NamedTuple):
    """A form of the table."""

    name: str
    aliases: tuple[str, ...]
    form: Form


def names() -> tuple[str, ...]:
    """The first name of every form, in the order of the table."""
    return tuple(dict.fromkeys(named.name for named in _table().values()))


def lookup(name: str) -> NamedForm | None:
    """The form of this name, in simplified or traditional characters."""
    return _table().get(_plain(name))


def find(name: str, *, option: str = "NAME") -> NamedForm:
    """The form of this name; OptionError, about ``option``, if none has it."""
    named = lookup(name)
    if named is None:
        close = get_close_matches(_plain(name), _table(), cutoff=0.5)
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        raise OptionError(f"{option}: no form and no file is called {name}; {hint}lyricgen forms lists the forms")
    return named


def read(text: str) -> Form:
    """The form that a value of ``--form`` means; OptionError if it means none, FileError if a file cannot be read."""
    named = lookup(text)
    if named is not None:
        return named.form
    try:
        return parse(text)
    except OptionError:
        if _is_file(text):
            return parse("".join(corpus.read([text], as_it_is=True)), name=f"--form: {text}")
        if text.strip() and _LIKE_LINES.fullmatch(unicodedata.normalize("NFKC", text)) is None and "," not in text:
            find(text, option="--form")
        raise


def _is_file(text: str) -> bool:
    is_path = 0 < len(text) <= _LONGEST_NAME and not set(text) & set("\n\0")
    return is_path and files.is_file(Path(text))


def _plain(name: str) -> str:
    """七絕·首句入韻 -> 七绝入韵."""
    letters = counted_in(unicodedata.normalize("NFKC", name))
    return letters.translate(_SIMPLIFIED).replace("首句", "")


@functools.cache
def _table() -> dict[str, NamedForm]:
    """The forms of the table by all of their names."""
    return parse_table(files.shipped(_FILE).read_text("utf-8"))


def parse_table(table: str) -> dict[str, NamedForm]:
    """The forms of a table by all of their names; ValueError or OptionError if it cannot be read."""
    rows = "\n".join(row for row in table.splitlines() if not row.startswith("#"))
    forms: dict[str, NamedForm] = {}
    for block in re.split(r"\n{2,}", rows.strip()):
        heading, _, text = block.partition("\n")
        name, *aliases = heading.split()
        named = NamedForm(name, tuple(aliases), parse(text, name=name))
        for one in (name, *aliases):
            if one in forms:
                raise ValueError(f"two forms are called {one}")
            forms[one] = named
    return forms
