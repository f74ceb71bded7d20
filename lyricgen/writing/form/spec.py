"""What is asked of each line of a song: its length, its first character, its rhyme, whether it returns."""

from __future__ import annotations

import dataclasses
import re
from typing import NamedTuple

from lyricgen.config import FormConfig
from lyricgen.errors import OptionError
from lyricgen.text.corpus import normalise

ANY = "*"
_LENGTH = r"\s*(?:[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-6]|\*)\s*"
_LENGTHS = rf"{_LENGTH}(?:[,/]{_LENGTH})*/?\s*"
SECTION = 4  # lines of a section of which nothing is said


class Rhyme(NamedTuple):
    """A letter of the scheme in one of its repetitions; lines that have the same one rhyme, others do not."""

    repetition: int
    letter: str


class Line(NamedTuple):
    """What is asked of a line."""

    length: int | None = None  # characters sung
    first: str = ""
    rhyme: Rhyme | None = None
    again: int | None = None  # the line that it repeats word for word
    blank: bool = False  # a blank line stands before it


@dataclasses.dataclass(frozen=True)
class Form:
    """The lines of a song, as many as there are to be.

    ``count`` is None where the song goes on for ``--length`` characters or until the model leaves a line blank.
    """

    count: int | None
    lengths: tuple[int | None, ...]
    blanks: frozenset[int]  # places in ``lengths`` with a blank line before them
    acrostic: str
    scheme: str
    rhymes_with: tuple[str, ...]
    structure: str
    until_blank: bool

    def line(self, number: int) -> Line:
        """What is asked of the ``number``-th line (from 0)."""
        section, place = divmod(number, self._section) if self.structure else (0, number)
        blank = place % len(self.lengths) in self.blanks if place else section > 0
        first = self.acrostic[number : number + 1]
        earlier = self.structure.index(self.structure[section]) if self.structure else section
        if earlier < section:
            return Line(first=first, again=earlier * self._section + place, blank=blank)
        return Line(self.lengths[place % len(self.lengths)], first, self._rhyme(section, place), None, blank)

    @property
    def _section(self) -> int:
        return (self.count or 0) // len(self.structure)

    def _rhyme(self, section: int, place: int) -> Rhyme | None:
        if not self.scheme:
            return None
        repetition, place = divmod(place, len(self.scheme))
        if self.scheme[place] == "-":
            return None
        return Rhyme(0 if len(self.scheme) == 1 else section << 32 | repetition, self.scheme[place])

    def sound(self, rhyme: Rhyme) -> str:
        """What a letter of the scheme is to rhyme with; empty for whatever comes."""
        letters = list(dict.fromkeys(self.scheme.replace("-", "")))
        return dict(zip(letters, self.rhymes_with)).get(rhyme.letter, "")

    def partners(self, rhyme: Rhyme) -> int:
        """How many lines share this rhyme, at least one."""
        if len(self.scheme) == 1:
            lines = range(self.count or 1)
            return max(1, sum(self.line(number).rhyme == rhyme for number in lines))
        return self.scheme.count(rhyme.letter)

    def may_end(self, number: int) -> bool:
        """Whether a song may have ``number`` lines and no more, where the model ends it."""
        period = max(len(self.lengths), len(self.scheme), 1)
        return number > 0 and number % period == 0 and number >= len(self.acrostic)

    @property
    def asks_for_lines(self) -> bool:
        return bool(self.count or self.acrostic or self.scheme or self.lengths != (None,))


def compile_form(config: FormConfig, length: int | None) -> Form:
    """The form that these options describe; ``length`` is that of ``--length``, if given.

    Raises
    ------
    OptionError
        An option is none, or two of them contradict each other.
    """
    lengths, blanks = _lengths(config)
    acrostic = "".join(normalise(config.acrostic or "").split())
    if config.acrostic is not None and not acrostic:
        raise OptionError("--acrostic: names no character")
    scheme, sounds = _scheme(config)
    structure = _structure(config)
    count = _count(config, length, len(lengths), len(acrostic), len(scheme), len(structure))
    if count is not None and len(acrostic) > count:
        raise OptionError(f"--acrostic: its {len(acrostic)} characters want as many lines, not {count}: raise --lines")
    if config.until_blank and count is not None:
        raise OptionError("--until-blank: the song has its number of lines already; leave one of them out")
    form = Form(count, lengths, blanks, acrostic, scheme, sounds, structure, config.until_blank)
    _check_refrains(form)
    return form


def _lengths(config: FormConfig) -> tuple[tuple[int | None, ...], frozenset[int]]:
    if config.form is None:
        return (config.line_length,), frozenset()
    if config.line_length is not None:
        raise OptionError("--line-length: --form has the lengths already; leave one of them out")
    if not re.fullmatch(_LENGTHS, config.form):
        raise OptionError(f"--form: {config.form!r} is no list of line lengths like 7,7,5,7 or 5,5/7,7")
    lengths: list[int | None] = []
    blanks: set[int] = {0} if config.form.rstrip().endswith("/") else set()
    for stanza in config.form.rstrip().rstrip("/").split("/"):
        if lengths:
            blanks.add(len(lengths))
        lengths += [None if part.strip() == ANY else int(part) for part in stanza.split(",")]
    return tuple(lengths), frozenset(blanks)


def _scheme(config: FormConfig) -> tuple[str, tuple[str, ...]]:
    given = config.rhyme_with
    scheme = ("A" if config.rhyme is None and given else config.rhyme or "").upper()
    if config.rhyme is not None and not re.fullmatch(r"[A-Z-]*[A-Z][A-Z-]*", scheme):
        raise OptionError(f"--rhyme: {config.rhyme!r} is no scheme of letters like AABA (- for a line without a rhyme)")
    sounds = tuple(given.split() if given and " " in given.strip() else _characters(given or ""))
    if given is not None and not sounds:
        raise OptionError("--rhyme-with: names nothing to rhyme with")
    letters = len(set(scheme) - {"-"})
    if len(sounds) > letters:
        raise OptionError(f"--rhyme-with: {len(sounds)} rhymes for {letters} letters of the scheme {scheme}")
    if not scheme and (config.rhyme_strict or config.rhyme_identical):
        name = "--rhyme-strict" if config.rhyme_strict else "--rhyme-identical"
        raise OptionError(f"{name}: there is no rhyme; name a scheme with --rhyme")
    return scheme, sounds


def _characters(sounds: str) -> list[str]:
    """Chinese sounds a character each, a word of letters whole."""
    return re.findall(r"[A-Za-z']+|\S", sounds)


def _structure(config: FormConfig) -> str:
    structure = (config.structure or "").upper()
    if config.structure is not None and not re.fullmatch("[A-Z]+", structure):
        raise OptionError(f"--structure: {config.structure!r} is no row of letters like VCVC")
    return structure


def _count(
    config: FormConfig, length: int | None, period: int, acrostic: int, scheme: int, sections: int
) -> int | None:
    """The lines of the song: as said, or once through what has the most of them, or (None) as many as fit."""
    if sections:
        if length is not None:
            raise OptionError("--length: --structure says how long the song is; say --lines of a section instead")
        once = max(period if config.form else 0, scheme) or SECTION
        return sections * (config.lines or once)
    if config.lines is not None:
        return config.lines
    if config.until_blank or length is not None:
        return None
    return max(period if config.form else 0, acrostic, scheme) or None


def _check_refrains(form: Form) -> None:
    for number, first in enumerate(form.acrostic):
        again = form.line(number).again
        if again is not None and form.acrostic[again] != first:
            raise OptionError(
                f"--acrostic: line {number + 1} returns line {again + 1}, which begins with {form.acrostic[again]}, "
                f"not with {first}"
            )
