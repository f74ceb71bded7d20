"""Options -> the layout of one song: its form line by line, the number of its lines, and what its rhymes rhyme with.

``--lines``, ``--line-length``, ``--rhyme``, ``--acrostic`` and ``--structure`` are short for a form: each takes the
place of that part of ``--form``.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lyricgen.config import LENGTH, FormConfig, flag
from lyricgen.errors import OptionError
from lyricgen.text.corpus import normalise
from lyricgen.writing.form import named
from lyricgen.writing.form.lines import Form, Line, check_rhyming, rhyme_names
from lyricgen.writing.form.rhyme import FINALS, counted_in

HEARD = 3  # lines between which it is heard whether they rhyme
_SECTION_LINES = 4  # lines of a section if no option says how many
_OPEN_LINES = (1_000, 1_000_000)  # that are laid out, at least and at most, where the song ends by its length
_LETTER = r"-|([A-Z])([23])?"
_SECTIONS = {"主": "V", "副": "C", "桥": "B", "橋": "B", "导": "P", "導": "P"}
_SECTION = re.compile(
    r"(?:(?P<word>pre-?chorus|verse|chorus|bridge)|(?P<chinese>[主副桥橋导導])[歌段]?|(?P<letter>[A-Z]))(?P<number>\d{0,2})[\s,/·-]*",
    re.I,
)
_WORDS = {"verse": "V", "chorus": "C", "bridge": "B", "prechorus": "P"}
_VERSE = "V"


@dataclasses.dataclass(frozen=True)
class Layout:
    """What all lines of a song must be.

    ``count`` is the number of lines. It is None if the song ends after ``--length`` characters, or with a line.
    """

    lines: tuple[Line, ...]
    count: int | None
    examples: Mapping[str, str] = dataclasses.field(default_factory=dict)  # rhyme -> what it rhymes with
    endless: frozenset[str] = frozenset()  # rhymes of which any number of lines may follow

    @functools.cached_property
    def is_free(self) -> bool:
        """Whether the lines may be anything."""
        return self.count is None and set(self.lines) == {Line()}

    def line(self, number: int) -> Line:
        """What line ``number`` (from 0) must be."""
        return self.lines[number % len(self.lines)]

    @functools.cached_property
    def acrostic(self) -> tuple[str, ...]:
        """The first characters of the lines up to the last one that has one; empty for any."""
        firsts = [line.first for line in self.lines]
        last = max((number for number, first in enumerate(firsts, 1) if first), default=0)
        return tuple(firsts[:last])

    @functools.cached_property
    def scheme(self) -> frozenset[str]:
        """All rhymes."""
        return frozenset(line.rhyme for line in self.lines if line.rhyme)

    @property
    def lengths(self) -> tuple[int | None, ...]:
        """The length of each line."""
        return tuple(line.length for line in self.lines)

    @property
    def tones(self) -> tuple[str, ...]:
        """The tones of each line."""
        return tuple(line.tones for line in self.lines)

    def rhyme_example(self, rhyme: str) -> str:
        """The text that lines of this rhyme must rhyme with; empty if any rhyme will do."""
        return self.examples.get(rhyme, "")

    def count_rhyming_lines(self, rhyme: str) -> int:
        """How many lines have this rhyme, at least one."""
        return 1 if rhyme in self.endless else max(1, self._counts[rhyme])

    @functools.cached_property
    def _counts(self) -> Counter[str | None]:
        return Counter(line.rhyme for line in self.lines)

    def last_line(self, rhyme: str) -> float:
        """The number of the last line of a rhyme."""
        return math.inf if self.count is None else self._last_lines[rhyme]

    @functools.cached_property
    def _last_lines(self) -> dict[str | None, int]:
        return {line.rhyme: number for number, line in enumerate(self.lines)}

    def rhymes_near(self, rhyme: str) -> frozenset[str]:
        """The other rhymes with a line so near to one of this rhyme that they must not sound alike."""
        return frozenset(self._near[rhyme])

    @functools.cached_property
    def _near(self) -> Mapping[str, set[str]]:
        near: defaultdict[str, set[str]] = defaultdict(set)
        rhymes = [line.rhyme for line in self.lines]
        for distance in range(1, HEARD + 1):
            for one, other in zip(rhymes, rhymes[distance:]):
                if one and other and one != other:
                    near[one].add(other)
                    near[other].add(one)
        return near

    def min_length_after(self, number: int) -> int:
        """The fewest characters that the lines after line ``number`` take, line ends included."""
        return self._min_lengths[number + 1] if number + 1 < len(self._min_lengths) else 0

    @functools.cached_property
    def _min_lengths(self) -> list[int]:
        """The fewest characters from each line on."""
        needed = self.lines[: len(self.acrostic) if self.count is None else self.count]
        sizes = [1 + line.blank_before + (line.length or 1) + len(line.pauses) for line in needed]
        return [*itertools.accumulate(reversed(sizes))][::-1]


def compile_form(config: FormConfig, length: int | None) -> Layout:
    """The layout that these options describe. ``length`` is the value of ``--length``, if given.

    Raises
    ------
    OptionError
        An option has no valid value, or two options contradict each other.
    FileError
        A file with a form cannot be read.
    """
    form, acrostic = _form(config), _acrostic(config)
    scheme = _scheme(config, form)
    period = max(len(form.lines) if config.form is not None else 0, len(scheme.entries) if scheme else 0)
    count: int | None
    if config.structure is None:
        count = _count(config, length, max(period, len(acrostic)))
        sections = [_Section(form, count or _open_lines(form, length))]
    else:
        if length is not None:
            raise OptionError("--length: --structure gives the length already; give the --lines of a section instead")
        sections = _sections(config, form, period)
        count = sum(section.size for section in sections)
    rhymes = _Rhymes(scheme or _Scheme.of(form))
    lines = _with_acrostic(_lay_out(sections, scheme, rhymes), acrostic, count)
    examples = rhymes.examples(_rhymes_with(config.rhyme_with))
    endless = frozenset(rhymes.endless if count is None else ())
    layout = Layout(tuple(lines), count, examples, endless)
    _check(config, layout, length)
    return layout


def _form(config: FormConfig) -> Form:
    """The form without the other options; ``--line-length`` takes the place of all of its lengths."""
    form = Form(((Line(),),)) if config.form is None else named.read(config.form)
    if config.line_length is None:
        return form
    stanzas = [[_with_length(line, config.line_length) for line in stanza] for stanza in form.stanzas]
    return Form(tuple(map(tuple, stanzas)))


def _with_length(line: Line, length: int) -> Line:
    is_new = line.repeats is None
    return line._replace(length=length, syllables=None, tones="", pauses=()) if is_new else line


def _looks(text: str) -> str:
    """A text with full-width letters, digits and signs as what they look like."""
    return unicodedata.normalize("NFKC", text).replace("—", "-").strip()


# -- how many lines


def _count(config: FormConfig, length: int | None, period: int) -> int | None:
    """``--lines``, or one period, or None if the song ends by its length."""
    if config.lines is not None:
        return config.lines
    if length is not None:
        return None
    return period or None


def _open_lines(form: Form, length: int | None) -> int:
    """As many lines as a song of this length can have."""
    shortest = sum(1 + line.blank_before + (line.length or 1) for line in form.lines)
    needed = ((length or LENGTH) // shortest + 1) * len(form.lines)
    return min(max(needed, _OPEN_LINES[0]), _OPEN_LINES[1])


# -- sections


class _Section(NamedTuple):
    """Lines of a form, as often as need be."""

    form: Form
    size: int
    original: int | None = None  # the number of the section that it repeats word for word


def _sections(config: FormConfig, form: Form, period: int) -> list[_Section]:
    """The sections of ``--structure``: verses are new, whatever else has the same letter and number returns.

    If the form has a stanza for each letter, these are the forms of the sections, else each section has all of it.
    """
    names = names_of_sections(config.structure or "")
    kinds = list(dict.fromkeys(name[0] for name in names))
    stanzas = [stanza for stanza in form.stanzas if stanza]
    own = len(stanzas) == len(kinds) > 1 and all(line.repeats is None for line in form.lines)
    forms = {kind: Form((stanza,)) for kind, stanza in zip(kinds, stanzas)} if own else dict.fromkeys(kinds, form)
    sections: list[_Section] = []
    for number, name in enumerate(names):
        section, original = forms[name[0]], names.index(name)
        size = config.lines or (len(section.lines) if own else period or _SECTION_LINES)
        is_new = name == _VERSE or original == number
        sections.append(_Section(section, size, None if is_new else original))
    return sections


def names_of_sections(structure: str) -> list[str]:
    """The letter of each section, with its number if it has one: ``主1副主2副`` -> V1 C V2 C."""
    text = _looks(structure)
    matches = list(_SECTION.finditer(text))
    if not matches or "".join(match[0] for match in matches) != text:
        raise OptionError(f"--structure: {structure!r} is no row of sections like VCVC, 主副主副 or 主1副主2副")
    names = []
    for match in matches:
        word = (match["word"] or "").lower().replace("-", "")
        letter = _WORDS.get(word) or _SECTIONS.get(match["chinese"] or "") or match["letter"].upper()
        names.append(letter + match["number"])
    return names


def _lay_out(sections: Sequence[_Section], scheme: _Scheme | None, rhymes: _Rhymes) -> list[Line]:
    lines: list[Line] = []
    begins = list(itertools.accumulate([0, *(section.size for section in sections)]))
    for number, (section, begin) in enumerate(zip(sections, begins)):
        own = scheme or _Scheme.of(section.form)
        for place in range(section.size):
            line = section.form.line(place)
            blank = line.blank_before or (number > 0 and not place)
            repeats = line.repeats if line.repeats is None else line.repeats + begin
            if section.original is not None:
                earlier = begins[section.original] + place
                repeats = earlier if lines[earlier].repeats is None else lines[earlier].repeats
            if repeats is not None:
                lines.append(Line(repeats=repeats, blank_before=blank))
                continue
            rhyme, rhyming = rhymes.of(own, place, number)
            lines.append(line._replace(blank_before=blank, rhyme=rhyme, rhyming=rhyming))
    return lines


# -- rhyme


class _Scheme:
    """The rhyme of each line, again for each repetition: its letter or None, and how many characters rhyme."""

    def __init__(self, entries: Sequence[tuple[str | None, int]]) -> None:
        self.entries = entries
        letters = [letter for letter, _ in entries if letter]
        self.letters = tuple(dict.fromkeys(letters))
        self.goes_on = len(self.letters) == len(letters)  # no two lines rhyme, unless those of repetitions do

    @classmethod
    def of(cls, form: Form) -> _Scheme:
        return cls([(line.rhyme, line.rhyming) for line in form.lines])


def _scheme(config: FormConfig, form: Form) -> _Scheme | None:
    """The scheme of ``--rhyme``, which takes the place of the form's; None if there is none."""
    if config.rhyme is None:
        return _Scheme([("A", 1)]) if config.rhyme_with and not _Scheme.of(form).letters else None
    if len(config.rhyme) > 1 and config.rhyme.lower() in FINALS:
        raise OptionError(f"--rhyme: is a scheme like AABA; to rhyme with {config.rhyme}, --rhyme-with {config.rhyme}")
    text = _looks(config.rhyme).upper()
    if not re.fullmatch(f"(?:{_LETTER})+", text) or not text.strip("-"):
        raise OptionError(f"--rhyme: {config.rhyme!r} is no scheme of letters like AABA (- for a line without a rhyme)")
    pairs = re.findall(_LETTER, text)
    depths = {letter: int(depth) for letter, depth in pairs if depth}
    return _Scheme([(letter or None, depths.get(letter, 1)) for letter, _ in pairs])


class _Rhymes:
    """Names rhymes: two lines have the same one if they have one letter in one section and one repetition.

    But a scheme of which no two lines rhyme goes on in its repetitions, and in all sections.
    """

    def __init__(self, scheme: _Scheme) -> None:
        self._letters = scheme.letters
        self._names: dict[tuple[str, int, int], str] = {}
        self._unused = set(scheme.letters)
        self._fresh = (name for name in rhyme_names() if name not in scheme.letters)
        self.endless: set[str] = set()  # those that go on

    def of(self, scheme: _Scheme, place: int, section: int) -> tuple[str | None, int]:
        """The rhyme of a line, and how many of its characters rhyme."""
        times, entry = divmod(place, len(scheme.entries))
        letter, rhyming = scheme.entries[entry]
        if letter is None:
            return None, 1
        key = (letter, 0, 0) if scheme.goes_on else (letter, section, times)
        if key not in self._names:
            self._names[key] = letter if letter in self._unused else next(self._fresh)
            self._unused.discard(letter)
        if scheme.goes_on:
            self.endless.add(self._names[key])
        return self._names[key], rhyming

    def examples(self, texts: Sequence[str]) -> dict[str, str]:
        """What each rhyme rhymes with: a text for each letter, in their order."""
        if len(texts) > len(self._letters):
            letters = " ".join(self._letters) or "none"
            raise OptionError(f"--rhyme-with: {len(texts)} rhymes for the letters of the form: {letters}")
        by_letter = dict(zip(self._letters, texts))
        return {name: by_letter[key[0]] for key, name in self._names.items() if key[0] in by_letter}


def _rhymes_with(given: str | None) -> tuple[str, ...]:
    """Words that are separated by spaces; without spaces, single characters and whole words of Latin letters."""
    if given is None:
        return ()
    texts = given.split() if " " in given.strip() else re.findall(r"[A-Za-zü']+|\S", given)
    if not texts:
        raise OptionError("--rhyme-with: contains nothing to rhyme with")
    return tuple(texts)


# -- acrostic


def _acrostic(config: FormConfig) -> str:
    acrostic = counted_in(normalise(config.acrostic or ""))
    if config.acrostic is not None and not acrostic:
        raise OptionError("--acrostic: contains no character")
    return acrostic


def _with_acrostic(lines: list[Line], acrostic: str, count: int | None) -> list[Line]:
    """The lines with the first characters of ``--acrostic``, which take the place of the form's."""
    if not acrostic:
        return lines
    if count is not None and len(acrostic) > count:
        raise OptionError(
            f"--acrostic: its {len(acrostic)} characters need as many lines, but there are {count}; raise --lines"
        )
    for number, first in enumerate(acrostic):
        original = lines[number].repeats
        if original is not None and acrostic[original] != first:
            raise OptionError(
                f"--acrostic: line {number + 1} repeats line {original + 1}, which begins with {acrostic[original]}, "
                f"not with {first}"
            )
    firsts = itertools.chain(acrostic, itertools.repeat(""))
    return [line if line.repeats is not None else line._replace(first=first) for line, first in zip(lines, firsts)]


def _check(config: FormConfig, layout: Layout, length: int | None) -> None:
    """OptionError if an option has no effect, or contradicts the form."""
    if length is not None and any(line.repeats is not None for line in layout.lines):
        raise OptionError("--length: lines that return may be longer than that; give --lines instead")
    without = {"rhyme_by": config.rhyme_by != "group", "rhyme_identical": config.rhyme_identical}
    flags = [flag(name) for name, is_given in without.items() if is_given]
    if flags and not layout.scheme:
        raise OptionError(f"{flags[0]}: there is no rhyme; give a scheme with --rhyme, or letters in --form")
    if config.tones_by != "modern" and not any(line.tones for line in layout.lines):
        raise OptionError("--tones-by: the form has no tones; leave it out")
    check_rhyming(layout.lines, "--rhyme")
