"""The language of forms: what each line of a song must be, read from a text and written as one.

    line   = [length] [rhyme] ["^" first character]       7A    *    5B^春    4+4A    平平仄仄平A    8sA
    length = a number of characters | "*" any | a number and "s": syllables of English | tones | numbers joined by "+"
    tones  = 平 仄 中 (either), or p z x, for each character; "+" is a pause here, too
    rhyme  = a capital letter, small ones behind it if 26 are too few, and 2 or 3: so many characters rhyme (双押)
    "=3" or "=1-4" in the place of lines: these lines return word for word (numbers from 1)
    stanza = line {"," line}        form = stanza {"/" stanza}        "/" is a blank line

A line end stands for a comma, a blank line for a slash, and "#" begins a comment.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import re
import string
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lyricgen.errors import OptionError
from lyricgen.writing.form.rhyme import is_counted

MAX_LINE_LENGTH = 256  # counted characters of a line whose length is not given
MAX_LINES = 100_000
_TONES = str.maketrans("平仄中x", "pz**")
_SIGNS = str.maketrans("pz*", "平仄中")
_LINE = re.compile(
    r"(?P<length>\*|(?P<syllables>\d{1,3})s|\d{1,3}(?:\+\d{1,3})*|(?P<tones>[平仄中pzx]+(?:\+[平仄中pzx]+)*))?"
    r"(?:(?P<rhyme>[A-Z][a-z]*)(?P<rhyming>[23])?)?(?:\^(?P<first>.))?"
)
_RETURN = re.compile(r"=(\d{1,6})(?:-(\d{1,6}))?")


class Line(NamedTuple):
    """What one line must be."""

    length: int | None = None  # counted characters
    first: str = ""  # the first character
    rhyme: str | None = None  # lines with the same one rhyme
    repeats: int | None = None  # the number of the line that it repeats word for word, from 0; it has nothing else
    blank_before: bool = False  # whether a blank line stands before it
    syllables: int | None = None  # in English
    tones: str = ""  # p (level), z (oblique) or * for each counted character; empty for any
    pauses: tuple[int, ...] = ()  # the counted characters before each pause
    rhyming: int = 1  # counted characters at its end that rhyme

    @property
    def keeps_pauses(self) -> bool:
        """Whether pauses stand only where the form has them."""
        return bool(self.tones or self.pauses)

    def __str__(self) -> str:
        rhyme = f"{self.rhyme}{self.rhyming if self.rhyming > 1 else ''}" if self.rhyme else ""
        rest = rhyme + (f"^{self.first}" if self.first else "")
        return (self._measure() or ("" if rest else "*")) + rest

    def _measure(self) -> str:
        if self.syllables is not None:
            return f"{self.syllables}s"
        if self.length is None:
            return ""
        cuts = [0, *self.pauses, self.length]
        parts = list(zip(cuts, cuts[1:]))
        if self.tones:
            return "+".join(self.tones[begin:end].translate(_SIGNS) for begin, end in parts)
        return "+".join(str(end - begin) for begin, end in parts)


@dataclasses.dataclass(frozen=True)
class Form:
    """Stanzas of lines. An empty last one: a blank line stands between the repetitions of the form, too."""

    stanzas: tuple[tuple[Line, ...], ...]

    @functools.cached_property
    def lines(self) -> tuple[Line, ...]:
        """All lines, each knowing of the blank line before it."""
        ends_blank = len(self.stanzas) > 1 and not self.stanzas[-1]
        return tuple(
            line._replace(blank_before=not place and (ends_blank if not number else True))
            for number, stanza in enumerate(self.stanzas)
            for place, line in enumerate(stanza)
        )

    def line(self, number: int) -> Line:
        """Line ``number`` (from 0) of the form as often as need be; its rhyme is that of the first time."""
        times, place = divmod(number, len(self.lines))
        line = self.lines[place]
        if not times:
            return line._replace(blank_before=line.blank_before and number > 0)
        return line if line.repeats is None else line._replace(repeats=line.repeats + times * len(self.lines))

    def __str__(self) -> str:
        return "/".join(",".join(_written(stanza)) for stanza in self.stanzas)


def _written(stanza: Sequence[Line]) -> Iterator[str]:
    """The lines as text; lines that return in a row are one range."""
    rows = itertools.groupby(
        enumerate(stanza), lambda pair: None if pair[1].repeats is None else pair[1].repeats - pair[0]
    )
    for distance, row in rows:
        lines = [line for _, line in row]
        if distance is None:
            yield from map(str, lines)
        else:
            first, last = (lines[0].repeats or 0) + 1, (lines[-1].repeats or 0) + 1
            yield f"={first}" if first == last else f"={first}-{last}"


def rhyme_names() -> Iterator[str]:
    """The names of rhymes: A to Z, Aa to Zz, and so on."""
    for length in itertools.count():
        for capital, *small in itertools.product(string.ascii_uppercase, *[string.ascii_lowercase] * length):
            yield capital + "".join(small)


def parse(text: str, *, name: str = "--form") -> Form:
    """Read a form; OptionError, about ``name``, says which line is wrong."""
    stanzas: list[tuple[Line, ...]] = []
    lines: list[Line] = []
    parts = _plain(text).split("/")
    for number, part in enumerate(parts):
        begin = len(lines)
        if part or number < len(parts) - 1 or not number:
            for entry in part.split(","):
                lines += _lines(entry, lines, name)
                if len(lines) > MAX_LINES:
                    raise OptionError(f"{name}: has more than {MAX_LINES:,} lines")
        stanzas.append(tuple(lines[begin:]))
    form = _with_one_depth(Form(tuple(stanzas)))
    check_rhyming(form.lines, name)
    return form


def _plain(text: str) -> str:
    """The text in one row, with signs as they look like."""
    rows = [row.strip() for row in unicodedata.normalize("NFKC", text).splitlines()]
    rows = [re.sub(r"\s*#.*", "", row) for row in rows if not row.startswith("#")]
    joined = re.sub("\n{2,}", "/", "\n".join(rows).strip())
    joined = re.sub(r"(?<=[平仄中pzx])、(?=[平仄中pzx])", "+", joined)
    joined = re.sub(r"\s*[,、\n]\s*", ",", re.sub(r"\s*/[\s/]*", "/", joined))
    return re.sub(r" *(?=[\^+A-Z])|(?<=[\^+]) *", "", joined)


def _lines(entry: str, before: Sequence[Line], name: str) -> list[Line]:
    """The lines that one entry stands for."""
    place = f"{name}: line {len(before) + 1}"
    returning = _RETURN.fullmatch(entry.replace(" ", ""))
    if returning:
        begin, end = int(returning[1]) - 1, int(returning[2] or returning[1])
        if not 0 <= begin < end <= len(before):
            raise OptionError(f"{place}, {entry}, does not name earlier lines, from 1 to {len(before)}")
        originals = range(begin, end)
        return [
            Line(repeats=number if before[number].repeats is None else before[number].repeats) for number in originals
        ]
    match = _LINE.fullmatch(entry)
    if not match or not entry:
        raise OptionError(f"{place}, {_quoted(entry)}, is not a line like 7A, *, 4+4A, 8sA, 平平仄仄平A or =1-4")
    first = match["first"] or ""
    if first and not is_counted(first):
        raise OptionError(f"{place} cannot begin with {first}, which is no letter or character")
    line = Line(first=first, rhyme=match["rhyme"], rhyming=int(match["rhyming"] or 1))
    return [_measured(line, match, place)]


def _quoted(entry: str) -> str:
    return repr(entry if len(entry) <= 40 else entry[:40] + "…")


def _measured(line: Line, match: re.Match[str], place: str) -> Line:
    """The line with its length."""
    length = match["length"]
    if length in (None, "*"):
        return line
    parts = length.split("+")
    sizes = (
        [int(match["syllables"])]
        if match["syllables"]
        else [len(part) if match["tones"] else int(part) for part in parts]
    )
    if 0 in sizes or sum(sizes) > MAX_LINE_LENGTH:
        raise OptionError(f"{place}, {_quoted(length)}, is not from 1 to {MAX_LINE_LENGTH} long")
    if match["syllables"]:
        return line._replace(syllables=sizes[0])
    line = line._replace(length=sum(sizes), pauses=tuple(itertools.accumulate(sizes[:-1])))
    return line._replace(tones="".join(parts).translate(_TONES)) if match["tones"] else line


def _with_one_depth(form: Form) -> Form:
    """The form with 2 or 3 at each line of a rhyme, if it stands at one of them."""
    depths: dict[str | None, int] = {}
    for line in form.lines:
        depths[line.rhyme] = max(line.rhyming, depths.get(line.rhyme, 1))
    return Form(tuple(tuple(line._replace(rhyming=depths[line.rhyme]) for line in stanza) for stanza in form.stanzas))


def check_rhyming(lines: Sequence[Line], name: str) -> None:
    """OptionError, about ``name``, if a line has not the characters that are to rhyme."""
    for number, line in enumerate(lines, 1):
        if line.rhyming > 1 and (line.syllables is not None or line.rhyming > (line.length or MAX_LINE_LENGTH)):
            raise OptionError(f"{name}: line {number}, {line}, has no {line.rhyming} characters that rhyme")
