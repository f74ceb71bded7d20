"""A text with blanks that is to keep a form: what may fill each blank, so that the whole text keeps it."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lyricgen.config import FormConfig, SampleConfig
from lyricgen.errors import OptionError, UnsatisfiableError
from lyricgen.text.vocabulary import UNKNOWN, Vocabulary
from lyricgen.writing.form.characters import Mask
from lyricgen.writing.form.fixed import with_fixed_lines
from lyricgen.writing.form.lines import Line
from lyricgen.writing.form.rhyme import is_counted, line_ending
from lyricgen.writing.form.spec import Layout, names_of_sections
from lyricgen.writing.form.state import FormState
from lyricgen.writing.form.tones import ANY
from lyricgen.writing.form.tracker import FormTracker
from lyricgen.writing.sampling import NEVER, likeliest
from lyricgen.writing.search.hypotheses import DecoderOutput
from lyricgen.writing.search.space import Options, SearchSpace

BLANK = re.compile("[＿_□]")
_OPEN_END = re.compile(r"[＿_□][A-Za-z'＿_□]*\W*$")  # of a line whose last character or word has a blank
_NOTHING: Mapping[int, str] = {}
_SPARE = 256  # more characters to look at than are wanted: what stands after a blank may rule some out


class Chosen(NamedTuple):
    """N ways to fill one more blank: the ways that they continue, the characters, and the states after them."""

    rows: NDArray[np.intp]
    ids: NDArray[np.intp]
    states: list[FormState]


class FormedTemplate:
    """Follows the ways to fill one text through a form.

    A blank is a counted character. Where the form gives no length, a line has the one of the text.

    Raises
    ------
    OptionError
        Two options contradict each other, or the text breaks the form whatever its blanks are.
    """

    def __init__(
        self, text: str, vocabulary: Vocabulary, form: FormConfig, ban: str | None, known: Mapping[int, str] = _NOTHING
    ) -> None:
        """``known``: the characters of some blanks, by the number of the blank."""
        self._text = text.strip("\n") + "\n"
        self._parts = BLANK.split(self._text)  # what stands before, between and behind the blanks
        self._vocabulary = vocabulary
        lines = [line for line in self._text.split("\n") if line]
        self._tracker = FormTracker.of(_sized(form, len(lines)), vocabulary)
        spec = self._tracker.form
        self._space = SearchSpace(None, vocabulary, tracker=self._tracker, config=SampleConfig(ban=ban))
        self._config = form
        self._frequent = functools.cache(self._frequent_rhymes)  # freed with the object
        self._lengths = [len(BLANK.findall(line)) + sum(map(is_counted, line)) for line in lines]
        self._wanted = {**_repeated(spec, lines), **known}
        self._lines = _filled(lines, self._wanted)
        if not spec.is_free:
            self._check(spec)

    def _check(self, form: Layout) -> None:
        lengths = "--line-length" if self._config.line_length else "--form"
        sections = "--structure" if self._config.structure else "--form"
        says_blanks = self._config.structure or self._config.form
        flags = _blank_lines(self._text)
        for number, text in enumerate(self._lines):
            line, name = form.line(number), f"line {number + 1} of the text"
            if line.length not in (None, self._lengths[number]):
                raise OptionError(f"{lengths}: {name} has {self._lengths[number]} characters, not {line.length}")
            if line.first and not BLANK.match(text) and text[0] != line.first:
                raise OptionError(f"--acrostic: {name} begins with {text[0]}, not with {line.first}")
            if says_blanks and line.blank_before != flags[number]:
                raise OptionError(f"{sections}: {name} has {'a' if flags[number] else 'no'} blank line before it")
        self._check_rhymes(form)

    def _check_rhymes(self, form: Layout) -> None:
        """OptionError if endings that are no blanks break the rhyme scheme."""
        start = self._rhyming_start()
        same = _rhymes_alike(form, start)
        if same:
            raise OptionError(f"--rhyme: lines of {same} rhyme with each other in the text")
        for number, text in self._fixed(is_sure=True):
            state = self._begin_line(start._replace(lines=(*self._lines[:number],), line=self._line_of(number, text)))
            if not self._tracker.rhyming.is_satisfied(state._replace(text=text)):
                name = f"line {number + 1} of the text"
                raise OptionError(f"--rhyme: {name} ends in {line_ending(text)}, which does not rhyme as is asked")

    def _fixed(self, *, is_sure: bool) -> list[tuple[int, str]]:
        """The lines whose ending is no blank, with their numbers: those with a sure reading, or those without."""
        lines = [(number, line) for number, line in enumerate(self._lines) if not _OPEN_END.search(line)]
        return [(number, line) for number, line in lines if self._has_sure_reading(line) == is_sure]

    def _has_sure_reading(self, line: str) -> bool:
        """Whether the reading of the last character cannot depend on a blank before it."""
        ending = line_ending(line)
        before = line[: line.lower().rfind(ending)]
        return (
            len(ending) != 1 or not BLANK.match(before[-1:]) or not self._tracker.characters.has_several_classes(ending)
        )

    def _line_of(self, number: int, text: str) -> Line:
        """What a line must be; if one of the characters that rhyme is a blank, only the last one counts."""
        line = self._tracker.form.line(number)
        ends = [character for character in text if is_counted(character) or BLANK.match(character)][-line.rhyming :]
        return line._replace(rhyming=1) if any(map(BLANK.match, ends)) else line

    def _rhyming_start(self) -> FormState:
        """The state in which all must rhyme with the lines whose endings are no blanks."""
        state = self._tracker.start("", None)
        for is_sure in (True, False):
            for number, text in self._fixed(is_sure=is_sure):
                after = with_fixed_lines(self._tracker.rhyming, state, [(self._line_of(number, text), text)])
                state = after if is_sure or not _rhymes_alike(self._tracker.form, after) else state
        return state

    def start(self) -> FormState:
        """The state before the first blank."""
        first = self._begin_line(self._rhyming_start())
        state = self._read(first, self._parts[0])
        if state is None:
            raise self._error(first, self._parts[0])
        return state

    def _error(self, state: FormState, text: str) -> UnsatisfiableError:
        """For a text that breaks the form somewhere."""
        for character in text:
            after = self._read(state, character)
            if after is None:
                break
            state = after
        number = sum(map(bool, state.lines)) + 1
        return UnsatisfiableError(
            f"line {number} of the text: no filling was found that keeps the form; remove a constraint"
        )

    def choose(self, states: Sequence[FormState], scores: NDArray[np.float64], blank: int, *, width: int) -> Chosen:
        """The ``width`` best ways to fill blank number ``blank``, by the scores (N, V) of all, the best first.

        Raises
        ------
        UnsatisfiableError
            None of them keeps the form up to the next blank.
        """
        rows, ids = likeliest(np.where(self._mask(states, blank), scores, NEVER), width + _SPARE)
        rest = self._parts[blank + 1]
        characters = (self._vocabulary.id_to_char[char_id] for char_id in ids)
        after = (self._read(states[row], character + rest) for row, character in zip(rows, characters))
        kept = list(itertools.islice(((place, state) for place, state in enumerate(after) if state is not None), width))
        if not kept:
            row, character = (rows[0], self._vocabulary.id_to_char[ids[0]]) if len(rows) else (0, "")
            raise self._error(states[row], character + rest if character else "")
        places = [place for place, _ in kept]
        return Chosen(rows[places], ids[places], [state for _, state in kept])

    def _mask(self, states: Sequence[FormState], blank: int) -> NDArray[np.bool_]:
        """What may fill a blank (N, V)."""
        allowed = self._options(states).allowed
        if not self._tracker.is_free:
            allowed = allowed & self._tracker.characters.counted
        for row, state in zip(allowed, states):
            rhyme = self._new_rhyme(state)
            frequent = row & self._frequent(rhyme) if rhyme else row
            row[:] = frequent if frequent.any() else row
        return allowed & self._tracker.characters.only(self._wanted[blank]) if blank in self._wanted else allowed

    def _new_rhyme(self, state: FormState) -> str | None:
        """The rhyme of which the next character is the first ending, while no line of the text has one."""
        is_last = state.target is not None and state.counted + 1 == state.target and not state.is_repeat
        return state.line.rhyme if is_last and self._tracker.rhyming.required(state) is None else None

    def _frequent_rhymes(self, rhyme: str) -> Mask:
        """The characters (V,) with enough others of their class for all lines of a rhyme, whatever is before them."""
        lines = [line for line in map(self._tracker.form.line, range(len(self._lines))) if line.rhyme == rhyme]
        usable = self._options([FormState()]).allowed[0]
        masks = [mask & usable for name, mask in self._tracker.characters.alone_masks.items() if name]
        enough = [mask for mask in masks if self._is_enough(mask, lines)]
        found: Mask = np.any([self._tracker.characters.none, *enough], axis=0)
        return found

    def _is_enough(self, mask: Mask, lines: Sequence[Line]) -> bool:
        """Whether lines of one rhyme can end in these characters, by their last tones."""
        tones = Counter(line.tones[-1:] or ANY for line in lines)
        needed = {**tones, ANY: len(lines)}
        found = {tone: np.count_nonzero(mask & self._tracker.toning.mask(tone)) for tone in needed}
        return all(found[tone] >= (1 if self._config.rhyme_identical else count) for tone, count in needed.items())

    def _options(self, states: Sequence[FormState]) -> Options:
        recent = np.concatenate([self._space.recent(state.text) for state in states])
        nothing = np.zeros((len(states), len(self._vocabulary)), np.float32)
        return self._space.apply(states, DecoderOutput(nothing, None, recent))

    def _read(self, state: FormState | None, text: str) -> FormState | None:
        """The state after a part of the text; None if that breaks the form."""
        for character in text:
            if state is None:
                return None
            if character == "\n":
                state = self._end_line(state)
            else:
                state = self._advance(state, character) if self._is_allowed(state, character) else None
        return state

    def _advance(self, state: FormState, character: str) -> FormState:
        if character == self._tracker.line_end:  # a space within a line, for a model that ends lines with spaces
            return state.with_character(character)
        return self._tracker.advance(state, character)

    def _end_line(self, state: FormState) -> FormState | None:
        if not (state.text or self._tracker.is_free):
            if state.forced_text[:1] == self._tracker.line_end:
                return self._tracker.advance(state, self._tracker.line_end)
            return state  # a blank line where the form says nothing of them
        if state.forced_text or not self._tracker.is_satisfied(state):
            return None
        return self._begin_line(self._tracker.advance(state, self._tracker.line_end))

    def _begin_line(self, state: FormState) -> FormState:
        """The state with the length that the line has in the text. Its own ending is no longer taken."""
        if self._tracker.is_free or self._tracker.is_over(state):
            return state
        line = self._lines[len(state.lines)]
        state = state._replace(target=self._lengths[len(state.lines)])
        rhyme, ending = state.line.rhyme, "" if _OPEN_END.search(line) else line_ending(line)
        if rhyme is None or rhyme not in state.rhymes or ending not in state.rhymes[rhyme].used_endings:
            return state
        used = list(state.rhymes[rhyme].used_endings)
        used.remove(ending)
        required = state.rhymes[rhyme]._replace(used_endings=tuple(used))
        return state._replace(rhymes={**state.rhymes, rhyme: required})

    def _is_allowed(self, state: FormState, character: str) -> bool:
        options = self._options([state])
        (allowed,), (forced,) = options.allowed, options.forced
        if forced:
            return character == forced and bool(allowed.any())
        (char_id,) = self._vocabulary.encode(character)
        if not is_counted(character):  # the marks of the text stand where they stand, but for those that are banned
            return char_id == UNKNOWN or bool(allowed[char_id] or not self._tracker.allowed(state).mask[char_id])
        if char_id == UNKNOWN:
            return bool((allowed & self._tracker.characters.counted).any())
        return bool(allowed[char_id])


def _sized(form: FormConfig, lines: int) -> FormConfig:
    """The form of a text of so many lines."""
    if form.is_free:
        return form
    sections = len(names_of_sections(form.structure)) if form.structure is not None else 1
    if lines % sections:
        raise OptionError(f"--structure: the text has {lines} lines, which are no {sections} sections of one length")
    if form.lines not in (None, lines // sections):
        raise OptionError(f"--lines: {form.lines} are asked for, but the text has {lines // sections}")
    return dataclasses.replace(form, lines=lines // sections)


def _rhymes_alike(form: Layout, state: FormState) -> str:
    """Two rhymes near each other that sound alike; empty if there are none."""
    for rhyme, required in state.rhymes.items():
        for other in form.rhymes_near(rhyme) & state.rhymes.keys():
            if state.rhymes[other].rhyme_class == required.rhyme_class:
                return " and ".join(sorted((rhyme, other)))
    return ""


def _blank_lines(text: str) -> list[bool]:
    """Of each line that is not blank, whether a blank one stands before it."""
    lines = ["-", *text.split("\n")]
    return [not before for before, line in zip(lines, lines[1:]) if line]


def _repeated(form: Layout, lines: Sequence[str]) -> dict[int, str]:
    """The characters of blanks that stand in a line which repeats theirs, by the number of the blank."""
    numbers = itertools.count()
    blanks = [[next(numbers) if BLANK.match(character) else -1 for character in line] for line in lines]
    found: dict[int, str] = {}
    for number, line in enumerate(lines):
        first = form.line(number).repeats
        if first is None:
            continue
        pairs = list(zip(line, lines[first]))
        differ = any(a != b for a, b in pairs if not BLANK.match(a) and not BLANK.match(b))
        if differ or len(line) != len(lines[first]):
            raise OptionError(f"--form: line {number + 1} of the text is to repeat line {first + 1}, and differs")
        both = zip(blanks[first], line)
        found.update((blank, character) for blank, character in both if blank >= 0 and not BLANK.match(character))
    return found


def _filled(lines: Sequence[str], known: dict[int, str]) -> list[str]:
    """The lines with the blanks filled of which it is known."""
    numbers = itertools.count()
    return [BLANK.sub(lambda match: known.get(next(numbers), match[0]), line) for line in lines]


def places_of(word: str, text: str, known: Mapping[int, str]) -> list[dict[int, str]]:
    """Where a word may stand in a text with blanks of which some are known: the characters of the blanks that it takes.

    Nothing need be taken where the word stands already.
    """
    (filled,) = _filled([text], dict(known))
    numbers = itertools.count()
    blanks = [next(numbers) if BLANK.match(character) else -1 for character in text]
    places = []
    for begin in range(len(text) - len(word) + 1):
        pairs = list(zip(blanks[begin:], filled[begin:], word))
        if all(there == character or BLANK.match(there) for _, there, character in pairs):
            places.append({blank: character for blank, there, character in pairs if BLANK.match(there)})
    return [{}] if {} in places else places
