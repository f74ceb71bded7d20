"""A song -> its form: lengths with their pauses (in English syllables), stanzas, lines that return, and rhymes.

What is not sung is left out: the title, backing vocals in brackets, translations between the lines; ``text.cleaning``
has removed credits and the names of singers before.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lyricgen.errors import FileError, OptionError
from lyricgen.text.stamps import script_of
from lyricgen.writing.form.english import is_latin
from lyricgen.writing.form.lines import MAX_LINE_LENGTH, Form, Line, rhyme_names
from lyricgen.writing.form.rhyme import Rhymer, counted_in, is_counted, line_ending
from lyricgen.writing.form.spec import HEARD
from lyricgen.writing.form.syllables import count_syllables
from lyricgen.writing.form.tones import ANY, NONE, TONE_READERS

_NEAR_GAIN = 0.1  # of the lines: so many more must rhyme if near rhymes count
_BRACKETS = re.compile(r"\([^()]*\)|（[^（）]*）|\[[^\[\]]*\]|【[^【】]*】")
_TITLE = re.compile(r"《[^《》]*》|[^，。！？]{1,30}\s[-–—]\s[^，。！？]{1,30}")
_LONGEST_TITLE, _FEWEST_LINES = 12, 4  # characters of a line that stands alone before a song, and lines of that
_TRANSLATED = 0.8  # of the pairs of lines, from which on every second line is a translation


class SongForm(NamedTuple):
    """The form of a song, and the options that its rhymes ask for."""

    form: Form
    rhymes: dict[str, Any]  # of FormConfig

    def options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The form and the given options, which take the place of its parts; OptionError for a second form."""
        if given.get("form") is not None:
            raise OptionError("--form: --like gives the form already; leave one of them out")
        rhymes = {} if given.get("rhyme") or given.get("rhyme_with") else self.rhymes
        return {"form": str(self.form), **rhymes, **given}


def read_form(text: str, *, name: str, tones: bool = False, tones_by: str = "modern") -> SongForm:
    """The form of a song, of which blank lines part the stanzas. ``tones``: those of every line, too.

    FileError with the song's ``name`` if it has no line that could be sung.
    """
    stanzas = _sung(text, Path(name).stem)
    lines = list(itertools.chain(*stanzas))
    if not lines:
        raise FileError(f"{name}: has no line of letters or characters; name a file with the words of a song")
    letters = counted_in("".join(lines))
    is_english = sum(map(str.isascii, letters)) > len(letters) / 2
    repeats = _find_repeats(lines)
    rhymes, options = _find_rhymes(lines, repeats)
    measured = iter(
        Line(repeats=repeats[number])
        if number in repeats
        else (_in_syllables(line) if is_english else _in_characters(line))._replace(rhyme=rhymes[number])
        for number, line in enumerate(lines)
    )
    form = Form(tuple(tuple(itertools.islice(measured, len(stanza))) for stanza in stanzas))
    return SongForm(form if is_english or not tones else _with_tones(form, lines, tones_by), options)


# -- what is sung


def _sung(text: str, title: str) -> list[list[str]]:
    """The lines of each stanza."""
    rows = [re.sub(r"\s+", " ", _BRACKETS.sub("", row)).strip() for row in text.strip().splitlines()]
    kinds = itertools.groupby(zip(rows, text.strip().splitlines()), lambda row: not row[1].strip())
    stanzas = [[row for row, _ in group if counted_in(row)] for is_blank, group in kinds if not is_blank]
    return _without_translations(_without_title([stanza for stanza in stanzas if stanza], title))


def _without_title(stanzas: list[list[str]], title: str) -> list[list[str]]:
    """The stanzas without a title, and the line below it if only that stands between it and a blank line."""
    if sum(map(len, stanzas)) <= _FEWEST_LINES:
        return stanzas
    (first, *others), rest = stanzas[0], stanzas[1:]
    is_named = _TITLE.fullmatch(first) is not None or counted_in(first).lower() == counted_in(title).lower()
    is_alone = not others and is_counted(first[-1]) and len(counted_in(first)) <= _LONGEST_TITLE
    if is_named and rest and len(others) == 1:
        return rest
    if is_named or (is_alone and not any(first in stanza for stanza in rest)):
        return [others, *rest] if others else rest
    return stanzas


def _without_translations(stanzas: list[list[str]]) -> list[list[str]]:
    """The stanzas without every second line, if these are of another script."""
    pairs = Counter(tuple(map(script_of, pair)) for stanza in stanzas for pair in zip(stanza[::2], stanza[1::2]))
    for (one, other), count in pairs.most_common(1):
        if one != other and 2 * count >= _TRANSLATED * sum(map(len, stanzas)):
            return [stanza[::2] for stanza in stanzas]
    return stanzas


# -- lines


def _in_characters(line: str) -> Line:
    length = len(counted_in(line))
    return Line(length=length, pauses=tuple(_pauses(line))) if length <= MAX_LINE_LENGTH else Line()


def _pauses(line: str) -> Iterator[int]:
    """The counted characters before each space or mark within a line; none between the words of another language."""
    before, counted, has_mark = "", 0, False
    for character in line:
        if is_counted(character):
            if has_mark and before and not (is_latin(before) and is_latin(character)):
                yield counted
            before, counted, has_mark = character, counted + 1, False
        else:
            has_mark = has_mark or character not in "'’-·“”\"《》"


def _in_syllables(line: str) -> Line:
    """A line with words that the dictionary does not know may have any number."""
    syllables = count_syllables(line)
    return Line(syllables=syllables) if syllables and syllables <= MAX_LINE_LENGTH else Line()


def _with_tones(form: Form, lines: Sequence[str], tones_by: str) -> Form:
    reader, texts = TONE_READERS[tones_by](), iter(lines)

    def toned(line: Line, text: str) -> Line:
        pattern = "".join(tone if tone != NONE else ANY for tone in reader.of_line(text))
        return line._replace(tones=pattern) if line.length is not None else line

    return Form(tuple(tuple(toned(line, next(texts)) for line in stanza) for stanza in form.stanzas))


def _find_repeats(lines: Sequence[str]) -> dict[int, int]:
    """Line -> the first line that says the same; only counted characters tell lines apart."""
    first: dict[str, int] = {}
    originals = [first.setdefault(counted_in(line).lower(), number) for number, line in enumerate(lines)]
    return {number: original for number, original in enumerate(originals) if original != number}


# -- rhyme


def _find_rhymes(lines: Sequence[str], repeats: Mapping[int, int]) -> tuple[list[str | None], dict[str, Any]]:
    """The rhyme of each line, and the options for rhymes; near rhymes count if more lines rhyme then."""
    exact, near = (_rhymes(lines, repeats, Rhymer(near=is_near)) for is_near in (False, True))
    gain = sum(map(bool, near)) - sum(map(bool, exact))
    is_near = gain >= max(1, _NEAR_GAIN * len(lines))
    rhymes = near if is_near else exact
    ends = [(rhyme, line_ending(line)) for rhyme, line in zip(rhymes, lines) if rhyme]
    options: dict[str, Any] = {"rhyme_by": "near"} if is_near else {}
    return rhymes, {**options, "rhyme_identical": True} if len(set(ends)) < len(ends) else options


def _rhymes(lines: Sequence[str], repeats: Mapping[int, int], rhymer: Rhymer) -> list[str | None]:
    """A name for each line that rhymes with one near it."""
    classes = [None if number in repeats else rhymer.of_line(line) for number, line in enumerate(lines)]
    partners: list[int | None] = []  # of each line: the nearest one before it with which it rhymes
    for number, name in enumerate(classes):
        before = range(number - 1, max(-1, number - 1 - HEARD), -1)
        partners.append(next((other for other in before if name and classes[other] == name), None))
    names = rhyme_names()
    rhymes: list[str | None] = [None] * len(lines)
    for number, partner in enumerate(partners):
        if partner is not None:
            rhymes[partner] = rhymes[number] = rhymes[partner] or next(names)
    return rhymes
