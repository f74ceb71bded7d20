"""Options -> what each line of a song must be: its length, its first character, its rhyme, the line that it repeats."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from typing import Any, NamedTuple

from lyricgen.config import FormConfig
from lyricgen.errors import OptionError
from lyricgen.text.corpus import normalise
from lyricgen.writing.form.rhyme import FINALS, is_counted

MAX_LINE_LENGTH = 256  # counted characters of a line whose length is not given
_SECTION_LINES = 4  # lines of a section if no option says how many
_ANY = "*"
_SECTIONS = str.maketrans("主副桥橋", "VCBB")
_LENGTH = r"\s*(?:[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-6]|\*)\s*"
_LENGTHS = rf"{_LENGTH}(?:[,/]{_LENGTH})*/?\s*"


class Rhyme(NamedTuple):
    """A letter of the rhyme scheme, in one repetition of the scheme. Lines with equal values rhyme with each other."""

    letter: str
    section: int = 0
    repetition: int = 0


class Line(NamedTuple):
    """What one line must be."""

    length: int | None = None  # counted characters
    first: str = ""  # the first character
    rhyme: Rhyme | None = None
    repeats: int | None = None  # the number of the line that it repeats word for word
    blank_before: bool = False  # whether a blank line stands before it


@dataclasses.dataclass(frozen=True)
class Form:
    """What all lines of a song must be.

    ``count`` is the number of lines. It is None if the song ends after ``--length`` characters, or where the model
    leaves a line blank.
    """

    count: int | None
    lengths: tuple[int | None, ...]  # repeated as often as necessary
    blanks: frozenset[int]  # positions in ``lengths`` with a blank line before them
    acrostic: str
    scheme: str
    rhymes_with: tuple[str, ...]  # one text for each letter of the scheme, in the order of the letters
    structure: str
    until_blank: bool

    @property
    def is_free(self) -> bool:
        """Whether the lines may be anything."""
        has_lines = bool(self.count or self.acrostic or self.scheme or self.blanks or self.lengths != (None,))
        return not has_lines and not self.until_blank

    def line(self, number: int) -> Line:
        """What line ``number`` (from 0) must be."""
        section, position = divmod(number, self._section_lines) if self.structure else (0, number)
        blank = position % len(self.lengths) in self.blanks if position else section > 0
        first = self.acrostic[number : number + 1]
        original = self.structure.index(self.structure[section]) if self.structure else section
        if original < section:
            return Line(first=first, repeats=original * self._section_lines + position, blank_before=blank)
        length = self.lengths[position % len(self.lengths)]
        return Line(length, first, self._rhyme(section, position), None, blank)

    @property
    def _section_lines(self) -> int:
        return (self.count or 0) // len(self.structure)

    def _rhyme(self, section: int, position: int) -> Rhyme | None:
        if not self.scheme:
            return None
        repetition, position = divmod(position, len(self.scheme))
        letter = self.scheme[position]
        if letter == "-":
            return None
        return Rhyme(letter) if len(self.scheme) == 1 else Rhyme(letter, section, repetition)

    def rhyme_example(self, rhyme: Rhyme) -> str:
        """The text that lines of this rhyme must rhyme with; empty if any rhyme will do."""
        letters = list(dict.fromkeys(self.scheme.replace("-", "")))
        return dict(zip(letters, self.rhymes_with)).get(rhyme.letter, "")

    def count_rhyming_lines(self, rhyme: Rhyme) -> int:
        """How many lines have this rhyme, at least one."""
        if len(self.scheme) == 1:
            lines = range(self.count or 1)
            return max(1, sum(self.line(number).rhyme == rhyme for number in lines))
        return self.scheme.count(rhyme.letter)

    def can_end_after(self, lines: int) -> bool:
        """Whether a song that ends with a blank line may end after so many lines."""
        period = max(len(self.lengths), len(self.scheme), 1)
        return lines > 0 and lines % period == 0 and lines >= len(self.acrostic)

    def min_length_after(self, number: int) -> int:
        """The fewest characters that the lines after line ``number`` take, line ends included."""
        count = self.count if self.count is not None else len(self.acrostic)
        lines = [self.line(later) for later in range(number + 1, count)]
        return sum(1 + line.blank_before + (line.length or 1) for line in lines)


def compile_form(config: FormConfig, length: int | None) -> Form:
    """The form that these options describe. ``length`` is the value of ``--length``, if given.

    Raises
    ------
    OptionError
        An option has no valid value, or two options contradict each other.
    """
    config = _as_it_looks(config)
    lengths, blanks = _lengths(config)
    acrostic = _acrostic(config)
    scheme, rhymes_with = _scheme(config)
    structure = _structure(config)
    period = max(len(lengths) if config.form else 0, len(scheme))
    if structure:
        count: int | None = _structured_count(config, length, period, len(structure))
    else:
        count = _count(config, length, max(period, len(acrostic)))
    form = Form(count, lengths, blanks, acrostic, scheme, rhymes_with, structure, config.until_blank)
    _check_count(form)
    _check_repeated_lines(form)
    return form


def _as_it_looks(config: FormConfig) -> FormConfig:
    """The same options with full-width letters, digits and signs as what they look like."""
    given = {name: getattr(config, name) for name in ("form", "rhyme", "structure")}
    plain: dict[str, Any] = {
        name: unicodedata.normalize("NFKC", text).replace("、", ",").replace("—", "-")
        for name, text in given.items()
        if text is not None
    }
    return dataclasses.replace(config, **plain)


def _lengths(config: FormConfig) -> tuple[tuple[int | None, ...], frozenset[int]]:
    """The length of each line, and the positions with a blank line before them."""
    if config.form is None:
        return (config.line_length,), frozenset()
    if config.line_length is not None:
        raise OptionError("--line-length: --form gives the lengths already; leave one of them out")
    if not re.fullmatch(_LENGTHS, config.form):
        raise OptionError(f"--form: {config.form!r} is not a list of line lengths like 7,7,5,7 or 5,5/7,7")
    lengths: list[int | None] = []
    blanks: set[int] = {0} if config.form.rstrip().endswith("/") else set()
    for stanza in config.form.rstrip().rstrip("/").split("/"):
        if lengths:
            blanks.add(len(lengths))
        lengths += [None if part.strip() == _ANY else int(part) for part in stanza.split(",")]
    return tuple(lengths), frozenset(blanks)


def _acrostic(config: FormConfig) -> str:
    acrostic = "".join(filter(is_counted, normalise(config.acrostic or "")))
    if config.acrostic is not None and not acrostic:
        raise OptionError("--acrostic: contains no character")
    return acrostic


def _scheme(config: FormConfig) -> tuple[str, tuple[str, ...]]:
    """The rhyme scheme, and the texts that its letters rhyme with."""
    scheme = ("A" if config.rhyme is None and config.rhyme_with else config.rhyme or "").upper()
    if config.rhyme in FINALS and len(config.rhyme or "") > 1:
        raise OptionError(f"--rhyme: is a scheme like AABA; to rhyme with {config.rhyme}, --rhyme-with {config.rhyme}")
    if config.rhyme is not None and not re.fullmatch(r"[A-Z-]*[A-Z][A-Z-]*", scheme):
        raise OptionError(f"--rhyme: {config.rhyme!r} is no scheme of letters like AABA (- for a line without a rhyme)")
    rhymes_with = _rhymes_with(config.rhyme_with)
    letters = len(set(scheme) - {"-"})
    if len(rhymes_with) > letters:
        raise OptionError(f"--rhyme-with: {len(rhymes_with)} rhymes for {letters} letters of the scheme {scheme}")
    if not scheme and (config.rhyme_strict or config.rhyme_identical):
        name = "--rhyme-strict" if config.rhyme_strict else "--rhyme-identical"
        raise OptionError(f"{name}: there is no rhyme; give a scheme with --rhyme")
    return scheme, rhymes_with


def _rhymes_with(given: str | None) -> tuple[str, ...]:
    """Words that are separated by spaces; without spaces, single characters and whole words of Latin letters."""
    if given is None:
        return ()
    texts = given.split() if " " in given.strip() else re.findall(r"[A-Za-zü']+|\S", given)
    if not texts:
        raise OptionError("--rhyme-with: contains nothing to rhyme with")
    return tuple(texts)


def _structure(config: FormConfig) -> str:
    structure = (config.structure or "").upper().translate(_SECTIONS)
    if config.structure is not None and not re.fullmatch("[A-Z]+", structure):
        raise OptionError(f"--structure: {config.structure!r} is no sequence of letters like VCVC, or 主副主副")
    return structure


def _structured_count(config: FormConfig, length: int | None, period: int, sections: int) -> int:
    if length is not None:
        raise OptionError("--length: --structure gives the length already; give the --lines of a section instead")
    return sections * (config.lines or period or _SECTION_LINES)


def _count(config: FormConfig, length: int | None, period: int) -> int | None:
    """``--lines``, or one period, or None if the song ends by its length or at a blank line."""
    if config.lines is not None:
        return config.lines
    if config.until_blank or length is not None:
        return None
    return period or None


def _check_count(form: Form) -> None:
    if form.count is None:
        return
    if len(form.acrostic) > form.count:
        raise OptionError(
            f"--acrostic: its {len(form.acrostic)} characters need as many lines, but there are {form.count}; "
            "raise --lines"
        )
    if form.until_blank:
        raise OptionError("--until-blank: the number of lines is given already; leave one of them out")


def _check_repeated_lines(form: Form) -> None:
    for number, first in enumerate(form.acrostic):
        original = form.line(number).repeats
        if original is not None and form.acrostic[original] != first:
            raise OptionError(
                f"--acrostic: line {number + 1} repeats line {original + 1}, which begins with "
                f"{form.acrostic[original]}, not with {first}"
            )
