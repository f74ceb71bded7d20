"""What a person types into a song: whether it may stand there, and how the model reads it."""

from __future__ import annotations

from typing import Union

from lyricgen.text.vocabulary import UNKNOWN
from lyricgen.writing.form.characters import opens
from lyricgen.writing.form.rhyme import is_counted
from lyricgen.writing.form.state import FormState
from lyricgen.writing.search.hypotheses import Hypothesis
from lyricgen.writing.search.refusals import Refusal, refuse
from lyricgen.writing.search.space import SearchSpace

_PAUSE = " "
_LEAST = 2  # counted characters of a typed line that are taken for a whole one, where the form gives no length
Reached = Union[Hypothesis, Refusal]


class TypedText:
    """Reads typed text into the songs of one search space."""

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self._tracker = space.tracker
        self._line_end = space.tracker.line_end

    def read(self, reached: Reached, text: str) -> Reached:
        """The song after ``text``, or why it may not follow."""
        for position, character in enumerate(text):
            if isinstance(reached, Refusal):
                return reached
            if self._tracker.is_over(reached.state) or not self._is_allowed(reached, character):
                return refuse(self._space, reached.state, text[position:])
            reached = self.skip_blank_line(self._advance(reached, character))
        return reached

    def _advance(self, current: Hypothesis, character: str) -> Hypothesis:
        """The song after one more character.

        A mark that the model does not know is a pause for it, which it knows as a space; at the end of a line, or
        beside another mark, it is nothing. So what comes next is least disturbed.
        """
        if is_counted(character) or character in self._space.vocabulary or current.state.is_repeat:
            return self._space.advance([current], [character])[0]
        read = self._space.advance([current], [_PAUSE])[0] if self._is_pause(current.state) else current
        return read._replace(state=self._tracker.advance(current.state, character))

    def _is_pause(self, state: FormState) -> bool:
        knows = _PAUSE in self._space.vocabulary and self._line_end != _PAUSE
        return knows and bool(state.counted) and not state.uncounted and not self._has_its_length(state)

    def skip_blank_line(self, current: Hypothesis) -> Hypothesis:
        """The song after a blank line that the form requires there, if it does."""
        while current.state.forced_text[:1] == self._line_end and self._is_allowed(current, self._line_end):
            (current,) = self._space.advance([current], [self._line_end])
        return current

    def end_if_complete(self, current: Hypothesis) -> Hypothesis:
        """The song after the line end, if the prefix ends in a whole line of the form."""
        ended = self.read(current, self._line_end) if self.is_complete(current.state) else current
        return current if isinstance(ended, Refusal) else ended

    def _has_its_length(self, state: FormState) -> bool:
        return state.target is not None and state.counted >= state.target

    def is_complete(self, state: FormState) -> bool:
        """Whether nothing can come but the line end, and marks."""
        if not self._tracker.can_end_line(state) or self._tracker.is_over(state):
            return False
        return state.is_repeat or self._has_its_length(state)

    def is_whole(self, state: FormState, typed: str) -> bool:
        """Whether what was typed makes the current line a whole one."""
        if self.is_complete(state):
            return True
        knows_end = self._line_end in self._space.vocabulary and not self._tracker.is_over(state)
        is_free = state.target is None and not state.forced_text
        return knows_end and is_free and state.counted >= _LEAST and len(state.text) <= len(typed)

    def _is_allowed(self, current: Hypothesis, character: str) -> bool:
        options = self._space.options([current])
        (allowed,), (forced,) = options.allowed, options.forced
        if forced:
            return character == forced and bool(allowed.any())
        char_id = self._space.id_of(character)
        if char_id != UNKNOWN and allowed[char_id]:
            return self.keeps_form(current.state, character)
        if not is_counted(character):
            return self._may_be_typed(current.state, character)
        # The model does not know it, but may read it in place of any counted character.
        may_come = char_id == UNKNOWN and bool((allowed & self._tracker.characters.counted).any())
        return may_come and self.keeps_form(current.state, character)

    def _may_be_typed(self, state: FormState, mark: str) -> bool:
        """Whether an uncounted character may be there that the model does not know, or never writes there."""
        if mark in ("\n", "\t", self._line_end) or not self._tracker.can_rest(state):
            return False
        is_allowed = bool(self._tracker.allowed(state).mask[self._space.id_of(mark)])
        if mark in self._space.vocabulary and (mark.isspace() or is_allowed):
            return False  # a space behind a line, or what an option forbids
        return bool(state.text) or self._tracker.is_free or opens(mark)

    def keeps_form(self, state: FormState, character: str) -> bool:
        """Whether the line has what it must have, if this allowed character completes it or ends it."""
        if character == self._line_end:
            return not self._tracker.can_end_line(state) or self._tracker.is_satisfied(state)
        after = self._tracker.advance(state, character)
        is_last = is_counted(character) and self._has_its_length(after) and not state.is_repeat
        return not is_last or self._tracker.is_satisfied(after)
