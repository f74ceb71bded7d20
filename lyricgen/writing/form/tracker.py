"""Follows a song through its form: the state after each character, and what may come next to keep the form."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lyricgen.config import FormConfig
from lyricgen.errors import OptionError
from lyricgen.text.vocabulary import Vocabulary
from lyricgen.writing.form import reasons
from lyricgen.writing.form.characters import Characters, Mask
from lyricgen.writing.form.lines import MAX_LINE_LENGTH
from lyricgen.writing.form.rhyme import Rhymer
from lyricgen.writing.form.rhyming import Rhyming
from lyricgen.writing.form.spec import Layout, compile_form
from lyricgen.writing.form.state import FormState
from lyricgen.writing.form.syllables import Syllables
from lyricgen.writing.form.tones import NAMES, TONE_READERS, Tones
from lyricgen.writing.form.toning import Toning

_MAX_UNCOUNTED = 2  # uncounted characters in a row


class Allowed(NamedTuple):
    """What may come next: any character of the mask (V,). If only one may, ``forced`` is that one."""

    mask: Mask
    forced: str = ""


class FormTracker:
    """Advances states through one form, over one vocabulary.

    Raises
    ------
    OptionError
        This vocabulary cannot keep the form.
    """

    def __init__(
        self,
        form: Layout,
        vocabulary: Vocabulary,
        *,
        rhymer: Rhymer,
        identical: bool = False,
        tones: Tones | None = None,
    ) -> None:
        self.form = form
        self.is_free = form.is_free
        self.characters = Characters(vocabulary, rhymer)
        self.rhyming = Rhyming(form, self.characters, rhymer=rhymer, identical=identical)
        self.toning = Toning(self.characters, tones or Tones())
        self.syllables = Syllables(self.characters)
        self.line_end = self.characters.line_end_character
        if not self.is_free:
            self._check_vocabulary(vocabulary)
            self._check_first_characters()
            self.rhyming.check(self.toning)

    @classmethod
    def of(cls, config: FormConfig, vocabulary: Vocabulary, length: int | None = None) -> FormTracker:
        """The tracker of the form that these options describe; ``length`` and errors as for ``compile_form``."""
        return cls(
            compile_form(config, length),
            vocabulary,
            rhymer=Rhymer(strict=config.rhyme_by == "final", near=config.rhyme_by == "near"),
            identical=config.rhyme_identical,
            tones=TONE_READERS[config.tones_by](),
        )

    def _check_vocabulary(self, vocabulary: Vocabulary) -> None:
        if self.line_end not in vocabulary:
            raise OptionError("--lines and similar options: this model knows no line ends; its training text had none")
        if any(line.syllables for line in self.form.lines) and not self.characters.only("aeiou").any():
            raise OptionError("--form: this model knows no letters of English, of which 8s are syllables; give lengths")
        if any(line.pauses for line in self.form.lines) and not self.characters.pause.any():
            raise OptionError("--form: this model knows no space or punctuation to stand at a pause (+); leave + out")

    def _check_first_characters(self) -> None:
        for number, line in enumerate(self.form.lines, 1):
            if line.first and line.tones and not self.toning.can_have(line.first, line.tones[0]):
                tone = NAMES[line.tones[0]]
                raise OptionError(f"--acrostic: line {number} begins with {line.first}, where the form asks for {tone}")

    def start(self, prefix: str, length: int | None) -> FormState:
        """The state after a prefix (normalised). ``length`` is how many characters may follow.

        Raises
        ------
        OptionError
            The prefix breaks the form already, or the form needs more characters than ``length``.
        """
        state = self._begin_line(FormState())
        for character in prefix:
            reason = reasons.why_not(self, state, character)
            if reason:
                raise OptionError(f"--prefix: its line {len(state.lines) + 1} breaks the form: {reason}")
            state = self.advance(state, character)
        if prefix and not self.is_over(state) and not self.allowed(state).mask.any():
            raise OptionError(f"--prefix: its line {len(state.lines) + 1} cannot go on as the form requires")
        state = state._replace(written="", remaining=length)
        least = self._min_remaining(state)
        if length is not None and least > length:
            raise OptionError(f"--length: {length} characters are too few; this form needs at least {least}")
        return state

    def advance(self, state: FormState, character: str) -> FormState:
        """The state after one more character."""
        if character != self.line_end:
            return state.with_character(character)
        state = state.with_line_end(character)
        if state.forced_text:  # of a blank line that the form requires
            return state._replace(forced_text=state.forced_text[1:])
        if state.text or self.is_free:
            return self._end_line(state)
        return state._replace(is_done=True, written=state.written.rstrip(character))  # the model left the line blank

    def _end_line(self, state: FormState) -> FormState:
        written, lines, rhymes = state.written, (*state.lines, state.text), self.rhyming.with_line(state)
        if self._is_complete(lines, state.remaining):
            written = written[: -len(self.line_end)]
            return FormState(written, state.remaining, lines, rhymes=rhymes, is_done=True)
        return self._begin_line(FormState(written, state.remaining, lines, rhymes=rhymes))

    def _begin_line(self, state: FormState) -> FormState:
        if self.is_free:
            return state
        line = self.form.line(len(state.lines))
        forced = self.line_end if line.blank_before else ""
        if line.repeats is not None:
            forced += state.lines[line.repeats]
        return state._replace(line=line, target=line.length, forced_text=forced)

    def _is_complete(self, lines: Sequence[str], remaining: int | None) -> bool:
        """Whether a song of these lines has ended: by their number, or because no further line fits."""
        if self.is_free:
            return False
        if self.form.count is not None:
            return len(lines) >= self.form.count
        if remaining is None or len(lines) < len(self.form.acrostic):
            return False
        line = self.form.line(len(lines))
        return remaining < (line.length or max(map(len, lines))) + len(line.pauses) + line.blank_before

    def ends_song(self, state: FormState) -> bool:
        """Whether a line end here ends the song. That line end is not printed."""
        after = state.with_line_end(self.line_end)
        return self._is_complete((*state.lines, state.text), after.remaining)

    def is_over(self, state: FormState) -> bool:
        """Whether nothing more can be written."""
        return state.is_done or (self.is_free and state.remaining == 0)

    def is_satisfied(self, state: FormState) -> bool:
        """Whether the current line has all that it must have, if it ends here."""
        return self.rhyming.is_satisfied(state) and self.has_measure(state)

    def has_measure(self, state: FormState) -> bool:
        """Whether the current line has the tones and the syllables that it must have, if it ends here."""
        return self.toning.is_satisfied(state) and self.syllables.is_satisfied(state)

    def can_end_line(self, state: FormState) -> bool:
        """Whether a line end here ends a line of the form."""
        return bool(state.text) and not state.forced_text and not self.is_free

    def rewrite_ending(self, draft: FormState, start: FormState, *, ahead: int) -> FormState:
        """See ``Rhyming.rewrite_ending``."""
        spare = None if draft.remaining is None else max(0, draft.remaining - self._min_remaining(draft))
        return self.rhyming.rewrite_ending(draft, start, ahead=ahead, spare=spare)

    def _min_remaining(self, state: FormState) -> int:
        """The fewest characters with which the song can end."""
        if self.is_free or state.is_done:
            return 0
        here = int(not state.counted) if state.left is None else max(state.left, 0)
        here += sum(pause > state.counted for pause in state.line.pauses) + state.needs_pause
        return max(here, len(state.forced_text)) + self.form.min_length_after(len(state.lines))

    def allowed(self, state: FormState) -> Allowed:
        """What may come next."""
        forced = self._forced(state)
        if forced:
            return Allowed(self.characters.forced(forced), forced)
        if self.is_free:
            return Allowed(self.characters.known)
        if state.needs_pause:
            return Allowed(self.characters.pause)
        has_spare = state.remaining is None or state.remaining > self._min_remaining(state)
        may_rest = has_spare and state.uncounted < _MAX_UNCOUNTED
        if state.word_rests is not None:
            return Allowed(self._in_word(state, state.word_rests, may_rest))
        if state.line.syllables is not None:
            return Allowed(self.syllables.allowed(state, state.line.syllables, may_rest=may_rest))
        if state.counted >= (MAX_LINE_LENGTH if state.target is None else state.target):
            return Allowed(self._line_end(may_rest))
        if state.target is None and state.counted and not has_spare:
            return Allowed(self._line_end(False))
        may_rest = may_rest and may_pause(state) and not self.toning.is_open(state)
        return Allowed(self._counted(state) | self._uncounted(state, has_spare, may_rest))

    def can_rest(self, state: FormState) -> bool:
        """Whether an uncounted character may follow what the current line has."""
        has_spare = state.remaining is None or state.remaining > self._min_remaining(state) - state.needs_pause
        is_free = self.is_free or (state.uncounted < _MAX_UNCOUNTED and may_pause(state))
        return has_spare and not self._forced(state) and is_free

    def _forced(self, state: FormState) -> str:
        if state.forced_text:
            return state.forced_text[0]
        if state.is_repeat:
            return self.line_end
        return "" if state.text else state.line.first

    def _line_end(self, may_rest: bool) -> Mask:
        """The characters that may follow the last counted character of a line."""
        return self.characters.line_end | self.characters.closing if may_rest else self.characters.line_end

    def _in_word(self, state: FormState, rests: Sequence[str], may_rest: bool) -> Mask:
        """The next letters of a word, and what may follow it once it is complete."""
        letters = "".join({rest[0] for rest in rests if rest})
        mask = self.characters.only(letters if state.counted else letters + letters.upper())
        return mask | self._line_end(may_rest) if "" in rests else mask

    def _counted(self, state: FormState) -> Mask:
        """The next counted character: of the tone that the line asks for; if it is the last one, it must rhyme."""
        rhyming = self.rhyming.next_characters(state)
        toning = self.toning.next_characters(state)
        found = [mask for mask in (rhyming, toning) if mask is not None]
        return functools.reduce(np.logical_and, found) if found else self.characters.counted

    def _uncounted(self, state: FormState, has_spare: bool, may_rest: bool) -> Mask:
        """What else may come before the last counted character: uncounted characters and, for some lines, their end."""
        mask = self.characters.none
        if may_rest:
            mask = self.characters.uncounted if state.text else self.characters.opening
        ends_in_space = state.text.endswith(" ") and has_spare
        may_end = bool(state.text) and state.target is None and state.counted > 0 and not ends_in_space
        return mask | self.characters.line_end if may_end else mask


def may_pause(state: FormState) -> bool:
    """Whether the form lets uncounted characters stand here: at the ends of the line, or where it has a pause."""
    within = state.counted > 0 and (state.left is None or state.left > 0)
    return not (within and state.line.keeps_pauses) or state.counted in state.line.pauses
