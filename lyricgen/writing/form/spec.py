"""Options -> what each line of a song must be: its length, tones, first character, rhyme, the line that it repeats."""

from __future__ import annotations

import dataclasses
import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, NamedTuple

from lyricgen.config import TONES_OF_SONG, FormConfig, flag
from lyricgen.errors import OptionError
from lyricgen.text.corpus import normalise
from lyricgen.writing.form.rhyme import FINALS, counted_in
from lyricgen.writing.form.tones import LETTERS

MAX_LINE_LENGTH = 256  # counted characters of a line whose length is not given
_SECTION_LINES = 4  # lines of a section if no option says how many
_ANY = "*"
_SECTIONS = str.maketrans("主副桥橋", "VCBB")
_LENGTH = r"\s*(?:[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-6]|\*)\s*"
_LENGTHS = rf"{_LENGTH}(?:[,/]{_LENGTH})*/?\s*"
_NO_TONES = "."
_RANGE = re.compile(r"\s*(\d{1,5})(?:-(\d{1,5}))?\s*=\s*(\d{1,5})(?:-(\d{1,5}))?\s*")


class Rhyme(NamedTuple):
    """A letter of the rhyme scheme, in one part and repetition of it. Lines with equal values rhyme with each other."""

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
    syllables: int | None = None  # in English
    tones: str = ""  # p (level), z (oblique) or * for each counted character; empty for any


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
    scheme_parts: tuple[
        int, ...
    ] = ()  # the part that each letter belongs to; letters of different parts are not related
    syllables: tuple[int | None, ...] = (None,)  # of each line, repeated as often as necessary
    tones: tuple[str, ...] = ("",)  # of each line, repeated as often as necessary
    repeats: Mapping[int, int] = dataclasses.field(default_factory=dict)  # line -> the earlier line that it repeats

    @property
    def is_free(self) -> bool:
        """Whether the lines may be anything."""
        has_lines = bool(self.count or self.acrostic or self.scheme or self.blanks or self.lengths != (None,))
        has_lines = has_lines or bool(self.repeats) or self.syllables != (None,)
        return not has_lines and not self.until_blank

    def line(self, number: int) -> Line:
        """What line ``number`` (from 0) must be."""
        section, position = divmod(number, self._section_lines) if self.structure else (0, number)
        blank = position % len(self.lengths) in self.blanks if position else section > 0
        first = self.acrostic[number : number + 1]
        original = self.structure.index(self.structure[section]) if self.structure else section
        if original < section:
            return Line(first=first, repeats=original * self._section_lines + position, blank_before=blank)
        if number in self.repeats:
            return Line(first=first, repeats=self.repeats[number], blank_before=blank)
        length, tones = self.lengths[position % len(self.lengths)], self.tones[position % len(self.tones)]
        syllables, rhyme = self.syllables[position % len(self.syllables)], self._rhyme(section, position)
        return Line(length or len(tones) or None, first, rhyme, None, blank, syllables, tones)

    @property
    def _section_lines(self) -> int:
        return (self.count or 0) // len(self.structure)

    def _rhyme(self, section: int, position: int) -> Rhyme | None:
        if not self.scheme:
            return None
        repetition, position = divmod(position, len(self.scheme))
        letter, part = self.scheme[position], self.scheme_parts[position]
        if letter == "-":
            return None
        return Rhyme(letter) if len(self.scheme) == 1 else Rhyme(letter, section, repetition * self._count_parts + part)

    @property
    def _count_parts(self) -> int:
        return self.scheme_parts[-1] + 1

    def rhyme_example(self, rhyme: Rhyme) -> str:
        """The text that lines of this rhyme must rhyme with; empty if any rhyme will do."""
        letters = list(dict.fromkeys(self.scheme.replace("-", "")))
        return dict(zip(letters, self.rhymes_with)).get(rhyme.letter, "")

    def count_rhyming_lines(self, rhyme: Rhyme) -> int:
        """How many lines have this rhyme, at least one."""
        first, lines = 0, self.count or 1
        if len(self.scheme) > 1:
            begin = rhyme.section * self._section_lines if self.structure else 0
            end = begin + self._section_lines if self.structure else self.count
            first = begin + rhyme.repetition // self._count_parts * len(self.scheme)
            lines = len(self.scheme) if end is None else min(len(self.scheme), end - first)
        return max(1, sum(self.line(number).rhyme == rhyme for number in range(first, first + lines)))

    def can_end_after(self, lines: int) -> bool:
        """Whether a song that ends with a blank line may end after so many lines."""
        period = max(len(self.lengths), len(self.scheme), len(self.tones), len(self.syllables))
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
    config = _with_tune(_as_it_looks(config))
    measure = _measure(config)
    acrostic = _acrostic(config)
    scheme, scheme_parts, rhymes_with = _scheme(config)
    structure, repeats = _structure(config), _repeats(config)
    period = max(measure.period, len(scheme))
    if repeats and length is not None:
        raise OptionError("--length: lines that repeat others may be longer than that; give --lines instead")
    if structure:
        count: int | None = _structured_count(config, length, period, len(structure))
    else:
        count = _count(config, length, max(period, len(acrostic), 1 + max(repeats, default=-1)))
    form = Form(
        count,
        measure.lengths,
        measure.blanks,
        acrostic,
        scheme,
        rhymes_with,
        structure,
        config.until_blank,
        scheme_parts,
        measure.syllables,
        measure.tones,
        repeats,
    )
    _check_count(form)
    _check_tones(form)
    _check_repeated_lines(form)
    return form


def _as_it_looks(config: FormConfig) -> FormConfig:
    """The same options with full-width letters, digits and signs as what they look like."""
    names = ("form", "rhyme", "structure", "syllables", "tones", "repeats", "tune")
    given = {name: getattr(config, name) for name in names}
    plain: dict[str, Any] = {
        name: unicodedata.normalize("NFKC", text).replace("、", ",").replace("—", "-")
        for name, text in given.items()
        if text is not None
    }
    return dataclasses.replace(config, **plain)


class _Measure(NamedTuple):
    """What each line measures, by position, and the positions with a blank line before them."""

    lengths: tuple[int | None, ...]
    blanks: frozenset[int]
    syllables: tuple[int | None, ...] = (None,)
    tones: tuple[str, ...] = ("",)
    period: int = 0  # lines after which all begins again; 0 if no option lists them


def _measure(config: FormConfig) -> _Measure:
    tones, blanks = _tones(config)
    if config.syllables is not None:
        syllables, blanks = _syllables(config)
        return _Measure((None,) * len(syllables), blanks, syllables, period=len(syllables))
    if config.form is None and any(tones):
        lengths = tuple(config.line_length or len(line) or None for line in tones)
        return _Measure(lengths, blanks, tones=tones, period=len(tones))
    blanks_of_tones, (lengths, blanks) = blanks, _lengths(config)
    if config.form is not None and blanks_of_tones not in (frozenset(), blanks):
        raise OptionError("--tones: has other blank lines than --form; write commas in one of them")
    period = max(len(lengths) if config.form else 0, len(tones) if any(tones) else 0)
    return _Measure(lengths, blanks, tones=tones, period=period)


def _lengths(config: FormConfig) -> tuple[tuple[int | None, ...], frozenset[int]]:
    """The length of each line, and the positions with a blank line before them."""
    if config.form is None:
        return (config.line_length,), frozenset()
    if config.line_length is not None:
        raise OptionError("--line-length: --form gives the lengths already; leave one of them out")
    if not re.fullmatch(_LENGTHS, config.form):
        raise OptionError(f"--form: {config.form!r} is not a list of line lengths like 7,7,5,7 or 5,5/7,7")
    return _split_lengths(config.form)


def _syllables(config: FormConfig) -> tuple[tuple[int | None, ...], frozenset[int]]:
    """The syllables of each line, and the positions with a blank line before them."""
    for name in ("form", "line_length", "tones", "tune"):
        if getattr(config, name) is not None:
            raise OptionError(f"--syllables: {flag(name)} gives the lines already; leave one of them out")
    text = config.syllables or ""
    if not re.fullmatch(_LENGTHS, text):
        raise OptionError(f"--syllables: {text!r} is not a list of the lines' syllables like 8,6,8,6 or 8,6/8,6")
    return _split_lengths(text)


def _split_lengths(text: str) -> tuple[tuple[int | None, ...], frozenset[int]]:
    lengths: list[int | None] = []
    blanks: set[int] = {0} if text.rstrip().endswith("/") else set()
    for stanza in text.rstrip().rstrip("/").split("/"):
        if lengths:
            blanks.add(len(lengths))
        lengths += [None if part.strip() == _ANY else int(part) for part in stanza.split(",")]
    return tuple(lengths), frozenset(blanks)


def _with_tune(config: FormConfig) -> FormConfig:
    """The same options with what ``--tune`` stands for; those that are given count before it."""
    if config.tune is None:
        return config
    for name in ("form", "line_length", "syllables", "tones", "repeats", "structure"):
        if getattr(config, name) is not None:
            raise OptionError(f"{flag(name)}: --tune gives it already; leave one of them out")
    from lyricgen.writing.form import tunes

    tune = tunes.find(config.tune)
    tones = "".join(
        ("/" if number in tune.blanks else "," if number else "") + (line or _NO_TONES)
        for number, line in enumerate(tune.tones)
    )
    firsts = range(1, (config.lines or len(tune.tones)) + 1, len(tune.tones))  # lines from 1, of each stanza
    repeats = ",".join(
        f"{first + line}={first + earlier}" for first in firsts for line, earlier in tune.repeats.items()
    )
    rhyme = config.rhyme if config.rhyme or not tune.rhyme.strip("-") else tune.rhyme
    return dataclasses.replace(config, tones=tones, repeats=repeats or None, rhyme=rhyme)


def _tones(config: FormConfig) -> tuple[tuple[str, ...], frozenset[int]]:
    """The tones of each line, and the positions with a blank line before them."""
    if config.tones is None:
        if config.tones_by != "modern":
            raise OptionError("--tones-by: has no effect without --tones or --tune; leave it out")
        return ("",), frozenset()
    if config.tones == TONES_OF_SONG:
        raise OptionError("--tones: name a pattern, or a song with --like")
    text = "".join(config.tones.split())
    patterns = re.split("[,/]", text.rstrip("/").translate(LETTERS).lower())
    for pattern in patterns:
        if not re.fullmatch(rf"[pz*]{{1,{MAX_LINE_LENGTH}}}|[.-]", pattern):
            raise OptionError(
                f"--tones: {pattern!r} is no pattern of 平, 仄 and 中 (or p, z, *) for a line; "
                f"part lines by commas, {_NO_TONES} is a line of any"
            )
    signs = re.findall("[,/]", text.rstrip("/"))
    blanks = {number for number, sign in enumerate(signs, 1) if sign == "/"} | ({0} if text.endswith("/") else set())
    return tuple(pattern.strip(".-") for pattern in patterns), frozenset(blanks)


def _repeats(config: FormConfig) -> dict[int, int]:
    """Line -> the earlier line that it repeats, both from 0; of a repeated line, the first one that it goes back to."""
    found: dict[int, int] = {}
    for part in config.repeats.split(",") if config.repeats is not None else ():
        match = _RANGE.fullmatch(part)
        lines, earlier = ([], []) if not match else (_numbers(*match.groups()[:2]), _numbers(*match.groups()[2:]))
        if not lines or len(lines) != len(earlier) or earlier[0] < 0 or earlier[0] >= lines[0]:
            raise OptionError(
                f"--repeats: {part.strip()!r} does not say which lines repeat which earlier ones, like 5-8=1-4 or 9=1"
            )
        for line, original in zip(lines, earlier):
            found[line] = found.get(original, original)
    if found and config.structure is not None:
        raise OptionError("--repeats: --structure says already what returns; leave one of them out")
    return found


def _numbers(first: str, last: str | None) -> list[int]:
    """A range of lines, from 0."""
    return list(range(int(first) - 1, int(last or first)))


def _acrostic(config: FormConfig) -> str:
    acrostic = counted_in(normalise(config.acrostic or ""))
    if config.acrostic is not None and not acrostic:
        raise OptionError("--acrostic: contains no character")
    return acrostic


def _scheme(config: FormConfig) -> tuple[str, tuple[int, ...], tuple[str, ...]]:
    """The letters of the rhyme scheme, the part of each, and the texts that the letters rhyme with."""
    scheme = ("A" if config.rhyme is None and config.rhyme_with else config.rhyme or "").upper()
    if config.rhyme in FINALS and len(config.rhyme or "") > 1:
        raise OptionError(f"--rhyme: is a scheme like AABA; to rhyme with {config.rhyme}, --rhyme-with {config.rhyme}")
    is_scheme = re.fullmatch(r"[A-Z-]+(?:/[A-Z-]+)*", scheme) and scheme.strip("-/")
    if config.rhyme is not None and not is_scheme:
        raise OptionError(f"--rhyme: {config.rhyme!r} is no scheme of letters like AABA (- for a line without a rhyme)")
    rhymes_with = _rhymes_with(config.rhyme_with)
    parts = scheme.split("/") if scheme else []
    letters = len(set(scheme) - {"-", "/"})
    if len(rhymes_with) > letters:
        raise OptionError(f"--rhyme-with: {len(rhymes_with)} rhymes for {letters} letters of the scheme {scheme}")
    flags = [name for name in ("rhyme_strict", "rhyme_near", "rhyme_identical") if getattr(config, name)]
    if flags and not scheme:
        raise OptionError(f"{flag(flags[0])}: there is no rhyme; give a scheme with --rhyme")
    if config.rhyme_strict and config.rhyme_near:
        raise OptionError("--rhyme-strict and --rhyme-near exclude each other; leave one of them out")
    return "".join(parts), tuple(number for number, part in enumerate(parts) for _ in part), rhymes_with


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


def _check_tones(form: Form) -> None:
    """OptionError where a line has another length than its tones."""
    lines = math.lcm(len(form.lengths), len(form.tones)) if any(form.tones) else 0
    for number in range(min(lines, form.count or lines)):
        line = form.line(number)
        if line.tones and line.length != len(line.tones):
            raise OptionError(
                f"--tones: line {number + 1} has {len(line.tones)} tones, but {line.length} characters; "
                "leave its length out"
            )


def _check_repeated_lines(form: Form) -> None:
    for number, first in enumerate(form.acrostic):
        original = form.line(number).repeats
        if original is not None and form.acrostic[original] != first:
            raise OptionError(
                f"--acrostic: line {number + 1} repeats line {original + 1}, which begins with "
                f"{form.acrostic[original]}, not with {first}"
            )
