"""The form of a song -> the options that ask for the same: its lines, what returns, its rhymes and its tones."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from lyricgen.config import TONES_OF_SONG
from lyricgen.errors import FileError, OptionError
from lyricgen.writing.form.rhyme import Rhymer, counted_in, line_ending
from lyricgen.writing.form.spec import MAX_LINE_LENGTH
from lyricgen.writing.form.syllables import count_syllables
from lyricgen.writing.form.tones import ANY, NONE, TONE_READERS

_FARTHEST = 3  # lines between which a rhyme is heard
_MOST_LETTERS = 26  # of a part of a scheme
_NEAR_GAIN = 0.1  # of the lines: so many more must rhyme if near rhymes count
_MOST_OF_SECTION = 0.5  # of its lines that return


# What an option that is given takes the place of, among those of a song.
_LINES = ("form", "syllables", "tones", "tones_by")
_RHYME = ("rhyme", "rhyme_near", "rhyme_identical")
_INSTEAD = {
    "line_length": _LINES,
    "form": _LINES,
    "syllables": _LINES,
    "tones": ("tones", "tones_by"),
    "structure": ("repeats",),
    "rhyme": _RHYME,
    "rhyme_with": _RHYME,
    "rhyme_strict": ("rhyme_near",),
    "tune": (*_LINES, *_RHYME, "repeats"),
}


class SongForm(NamedTuple):
    """What the form of a song is."""

    options: dict[str, Any]  # of FormConfig
    found: list[str]  # the same in words, a line for each kind

    def with_options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Its options, less those that the given ones take the place of, and the given ones.

        OptionError if its tones are asked for and have no place.
        """
        own = {name: value for name, value in given.items() if value != TONES_OF_SONG}
        replaced = {name for option, value in own.items() if value for name in _INSTEAD.get(option, ())}
        options = {**{name: value for name, value in self.options.items() if name not in replaced}, **own}
        if len(own) < len(given) and "tones" not in options:
            raise OptionError("--tones: has no effect with English, or beside lines that are given; leave it out")
        return options


class _Song(NamedTuple):
    lines: list[str]
    blanks: set[int]  # lines with a blank line before them
    is_english: bool


def read_form(text: str, *, name: str, tones: bool = False, tones_by: str = "modern") -> SongForm:
    """The form of a song, of which blank lines part the sections. ``tones``: those of every line, too.

    FileError with the song's ``name`` if it has no line that could be sung.
    """
    song = _split(text)
    if not song.lines:
        raise FileError(f"{name}: has no line of letters or characters; name a file with the words of a song")
    repeats = _find_repeats(song.lines)
    measure, said = (_syllables if song.is_english else _lengths)(song)
    options: dict[str, Any] = dict(measure)
    rhyme, said_of_rhyme = _rhyme(song, repeats)
    options.update(rhyme)
    if repeats:
        options["repeats"] = _write_repeats(repeats)
    found = [f"lines       {len(song.lines)}, {said}", *_say_repeats(song, repeats), f"rhyme       {said_of_rhyme}"]
    if tones and not song.is_english:
        options["tones"] = _tones(song, repeats, tones_by)
        if tones_by != "modern":
            options["tones_by"] = tones_by
        found.append("tones       those of each line that does not return")
    return SongForm(options, found)


def _split(text: str) -> _Song:
    lines: list[str] = []
    blanks: set[int] = set()
    for line in text.strip().splitlines():
        if counted_in(line):
            lines.append(line.strip())
        elif lines:
            blanks.add(len(lines))
    letters = counted_in("".join(lines))
    is_english = sum(map(str.isascii, letters)) > len(letters) / 2
    return _Song(lines, {blank for blank in blanks if blank < len(lines)}, is_english)


def _said(line: str) -> str:
    """A line without what does not count, by which lines are compared."""
    return counted_in(line).lower()


def _join(song: _Song, values: Sequence[str]) -> str:
    """A value for each line, with / where a blank line stands."""
    signs = ("/" if number in song.blanks else "," for number in range(1, len(values)))
    return values[0] + "".join(sign + value for sign, value in zip(signs, values[1:]))


def _lengths(song: _Song) -> tuple[dict[str, str], str]:
    counts = [len(_said(line)) for line in song.lines]
    values = [str(count) if count <= MAX_LINE_LENGTH else ANY for count in counts]
    return {"form": _join(song, values)}, f"{_range(counts)} characters each"


def _syllables(song: _Song) -> tuple[dict[str, str], str]:
    """Lines with words that the dictionary does not know may have any number."""
    counts = [count_syllables(line) or 0 for line in song.lines]
    values = [str(count) if 0 < count <= MAX_LINE_LENGTH else ANY for count in counts]
    unknown = counts.count(0)
    said = f"{_range([count for count in counts if count] or [0])} syllables each"
    return {"syllables": _join(song, values)}, said + (f" ({unknown} with unknown words: any)" if unknown else "")


def _range(counts: Sequence[int]) -> str:
    return f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"


# -- what returns


def _find_repeats(lines: Sequence[str]) -> dict[int, int]:
    """Line -> the first line that says the same."""
    first: dict[str, int] = {}
    found = {}
    for number, line in enumerate(lines):
        original = first.setdefault(_said(line), number)
        if original != number:
            found[number] = original
    return found


def _runs(repeats: dict[int, int]) -> Iterator[list[int]]:
    """Lines in a row that return in the same order."""
    keyed = itertools.groupby(sorted(repeats), key=lambda line: (line - repeats[line], _row(line, repeats)))
    yield from (list(group) for _, group in keyed)


def _row(line: int, repeats: dict[int, int]) -> int:
    """The first line of the row of repeated lines that a line stands in."""
    while line - 1 in repeats and repeats[line] - repeats[line - 1] == 1:
        line -= 1
    return line


def _write_repeats(repeats: dict[int, int]) -> str:
    return ",".join(f"{_lines(run)}={_lines([repeats[line] for line in run])}" for run in _runs(repeats))


def _lines(run: Sequence[int]) -> str:
    return f"{run[0] + 1}" if len(run) == 1 else f"{run[0] + 1}-{run[-1] + 1}"


def _say_repeats(song: _Song, repeats: dict[int, int]) -> Iterator[str]:
    """A line for what returns: whole sections, sections that nearly do, and else the lines."""
    if not repeats:
        return
    ends = [0, *sorted(song.blanks), len(song.lines)]
    sections = [range(begin, end) for begin, end in zip(ends, ends[1:])] if song.blanks else []
    said = []
    for number, section in enumerate(sections):
        returning = [line for line in section if line in repeats]
        if len(returning) < len(section) * _MOST_OF_SECTION:
            continue
        original = next(i for i, other in enumerate(sections) if repeats[returning[0]] in other)
        if original < number:
            whole = "" if len(returning) == len(section) else f" nearly ({len(returning)} of {len(section)} lines)"
            said.append(f"section {number + 1} is section {original + 1}{whole}")
    yield f"returns     {'; '.join(said) or 'lines ' + _write_repeats(repeats)}"


# -- rhyme


def _rhyme(song: _Song, repeats: dict[int, int]) -> tuple[dict[str, Any], str]:
    """The scheme that the line ends have; near rhymes count if more lines rhyme then."""
    schemes = [_scheme(song, repeats, Rhymer(near=near)) for near in (False, True)]
    exact, near = (sum(character.isalpha() for character in scheme) for scheme in schemes)
    is_near = near >= exact + max(1, _NEAR_GAIN * len(song.lines))
    scheme = schemes[is_near]
    if not scheme.strip("-/"):
        return {}, "none"
    options: dict[str, Any] = {"rhyme": scheme}
    if is_near:
        options["rhyme_near"] = True
    if _has_identical(song, scheme):
        options["rhyme_identical"] = True
    said = f"{near if is_near else exact} of {len(song.lines)} lines: {scheme}"
    return options, said + (" (near rhymes count)" if is_near else "")


def _scheme(song: _Song, repeats: dict[int, int], rhymer: Rhymer) -> str:
    """A letter for each line that rhymes with one near it, in parts between which no rhyme reaches."""
    classes = [None if number in repeats else rhymer.of_line(line) for number, line in enumerate(song.lines)]
    partners = {
        (line - distance, line)
        for line in range(len(classes))
        for distance in range(1, min(_FARTHEST, line) + 1)
        if classes[line] is not None and classes[line] == classes[line - distance]
    }
    rhyming = {line for pair in partners for line in pair}
    joined = {line for one, other in partners for line in range(one + 1, other + 1)}  # to a line before them
    parts: list[str] = []
    names: dict[str, str] = {}
    for number, name in enumerate(classes):
        if number not in joined or len(names) == _MOST_LETTERS:
            parts.append("")
            names = {}
        is_named = number in rhyming and name is not None
        parts[-1] += names.setdefault(name or "", chr(ord("A") + len(names))) if is_named else "-"
    return _merged(parts)


def _merged(parts: Sequence[str]) -> str:
    """The parts with their lines without rhyme joined to those before them."""
    merged = [parts[0]]
    for part in parts[1:]:
        if part.strip("-") and merged[-1].strip("-"):
            merged.append(part)
        else:
            merged[-1] += part
    return "/".join(merged)


def _has_identical(song: _Song, scheme: str) -> bool:
    """Whether two lines of one rhyme end in the same character or word."""
    lines, seen = iter(song.lines), set()
    for number, part in enumerate(scheme.split("/")):
        for letter, line in zip(part, lines):
            end = (number, letter, line_ending(line))
            if letter != "-" and end in seen:
                return True
            seen.add(end)
    return False


# -- tones


def _tones(song: _Song, repeats: dict[int, int], tones_by: str) -> str:
    reader = TONE_READERS[tones_by]()
    patterns = [
        "." if number in repeats else "".join(tone if tone != NONE else ANY for tone in reader.of_line(line))
        for number, line in enumerate(song.lines)
    ]
    return _join(song, [pattern if len(pattern) <= MAX_LINE_LENGTH else "." for pattern in patterns])
