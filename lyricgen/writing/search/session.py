"""A song that a person and the model write in turns: what may come next, how probable it is, and undo."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lyricgen.model.probability import softmax
from lyricgen.writing.form.fixed import with_fixed_lines
from lyricgen.writing.sampling import NEVER
from lyricgen.writing.search.drafting import DraftSearch
from lyricgen.writing.search.hypotheses import Hypothesis
from lyricgen.writing.search.refusals import Refusal
from lyricgen.writing.search.space import SearchSpace
from lyricgen.writing.search.typed import Reached, TypedText

_BLANKS = " \u3000"  # that a typed line may end in by oversight


class Choice(NamedTuple):
    """What may be written next: a character, or the rest of a line with its line end."""

    text: str
    probability: float


class Session:
    """An unfinished song. Each step can be undone."""

    def __init__(self, space: SearchSpace, search: DraftSearch, *, start: Hypothesis, rng: np.random.Generator) -> None:
        self._space = space
        self._tracker = space.tracker
        self._search = search
        self._typed = TypedText(space)
        self._start = start
        self._history = [self._typed.end_if_complete(self._typed.skip_blank_line(start))]
        self._rng = rng

    @property
    def _current(self) -> Hypothesis:
        return self._history[-1]

    @property
    def written(self) -> str:
        """The song after the prefix."""
        return self._current.state.written

    @property
    def line_end(self) -> str:
        """The character that ends a line for the model."""
        return self._tracker.line_end

    @property
    def is_over(self) -> bool:
        """Whether the form is complete, so that nothing more can be written."""
        return self._tracker.is_over(self._current.state)

    def characters(self, count: int) -> list[Choice]:
        """The likeliest characters that may come next. Probabilities are the model's, among all characters."""
        options = self._space.options([self._current])
        (probabilities,) = softmax(options.logits.astype(np.float64))
        (forced,) = options.forced
        if forced:  # unless it would repeat or copy
            may_come = bool(options.allowed[0].any())
            return [Choice(forced, float(probabilities[self._space.id_of(forced)]))] if may_come else []
        order = np.argsort(-np.where(options.allowed[0], options.logits[0], NEVER), kind="stable")
        ids = (char_id for char_id in order if options.allowed[0, char_id])
        found = (Choice(self._space.vocabulary.id_to_char[i], float(probabilities[i])) for i in ids)
        rhyming = (choice for choice in found if self._typed.keeps_form(self._current.state, choice.text))
        return list(itertools.islice(rhyming, count))

    def lines(self, count: int) -> list[Choice]:
        """Different ways to end the current line, the best drafts first."""
        if self.is_over:
            return []
        return [Choice(text, self._probability(text)) for text in self._search.lines(self._current, self._rng, count)]

    def _probability(self, text: str) -> float:
        current, total = self._current, 1.0
        for character in text:
            logits = self._space.options([current]).logits
            total *= float(softmax(logits.astype(np.float64))[0, self._space.id_of(character)])
            if not self._tracker.is_over(current.state):
                (current,) = self._space.advance([current], [character])
        return total

    def take(self, text: str) -> Refusal | None:
        """Append what was chosen or typed, and end the line that it completes; all of it, or nothing if it is refused.

        A line is complete if it has its length. If the form gives none, it is complete if all of it is in ``text``.
        Spaces behind a complete line are left out.
        """
        words = text.rstrip(_BLANKS)
        reached = self._typed.read(self._current, words)
        if isinstance(reached, Refusal):
            return reached
        rest = self.line_end if self._typed.is_whole(reached.state, words) else text[len(words) :]
        return self._record(self._typed.read(reached, rest))

    def append(self, text: str) -> Refusal | None:
        """Append ``text`` as it is; nothing if it is refused."""
        return self._record(self._typed.read(self._current, text))

    def end_line(self) -> Refusal | None:
        """End the current line."""
        return self.append(self.line_end)

    def _record(self, reached: Reached) -> Refusal | None:
        if isinstance(reached, Refusal):
            return reached
        self._history.append(reached)
        return None

    def undo(self) -> bool:
        """Return to the state before the last step; False if there was none."""
        if len(self._history) == 1:
            return False
        self._history.pop()
        return True

    def line(self, number: int) -> str:
        """Line ``number`` from 1, blank lines not counted; empty if there is none, or if the prefix has all of it."""
        place = self._place(number)
        return "" if place is None else self._begun(place) + self._pieces()[place]

    def _pieces(self) -> list[str]:
        """The lines after the prefix, blank ones too; the first one without what the prefix has of it."""
        return self.written.split(self.line_end)

    def _begun(self, place: int) -> str:
        return "" if place else self._start.state.text

    def _place(self, number: int) -> int | None:
        """The place of line ``number`` in the pieces."""
        pieces = self._pieces()
        places = [place for place, piece in enumerate(pieces) if self._begun(place) + piece]
        index = number - 1 - sum(map(bool, self._start.state.lines))
        return places[index] if 0 <= index < len(places) and pieces[places[index]] else None

    def rewrite(self, number: int, text: str | None = None) -> Refusal | None:
        """Put another text, or one of the model's, in place of a line that ``line`` knows; one step for ``undo``.

        The later lines stay as they are, but for those that repeat it. If they break the form then, it is refused.

        Raises
        ------
        UnsatisfiableError
            The model found no line.
        """
        place, is_done = self._place(number), self._current.state.is_done
        if place is None:
            return Refusal("", f"there is no line {number} after the prefix")
        before, later = self._replay(place), self._pieces()[place + 1 :]
        new = self._line_of_model(before, later, self.line(number)) if text is None else text.rstrip(_BLANKS)
        if text is not None and not new.startswith(self._begun(place)):
            return Refusal(new, f"line {number} begins with the prefix {self._begun(place)}")
        rewritten = self._typed.read(before, new if text is None else new[len(self._begun(place)) :])
        if isinstance(rewritten, Refusal):
            return rewritten
        if later or is_done or self._typed.is_whole(rewritten.state, new):
            return self._record(self._read_lines(self._typed.read(rewritten, self.line_end), later, is_done=is_done))
        return self._record(rewritten)

    def _replay(self, place: int) -> Hypothesis:
        """The song before a piece."""
        pieces = self._pieces()[:place]
        reached = self._read_lines(self._typed.skip_blank_line(self._start), [*pieces, ""] if pieces else [])
        assert isinstance(reached, Hypothesis)  # as it was when it was written
        return reached

    def _read_lines(self, reached: Reached, pieces: Sequence[str], *, is_done: bool = False) -> Reached:
        """Append lines. The last one stays open, unless the song is done with it."""
        for number, piece in enumerate(pieces, 1):
            if isinstance(reached, Refusal):
                return reached
            state = reached.state
            if not (piece or state.text or self._tracker.is_free):
                continue  # a blank line that the form requires, which is there already
            words = state.forced_text if state.is_repeat else piece
            after = self._typed.read(reached, words + (self.line_end if is_done or number < len(pieces) else ""))
            if isinstance(after, Refusal):
                return Refusal(after.text, f"with it, line {len(state.lines) + 1} breaks the form: {after.reason}")
            reached = after
        if is_done and isinstance(reached, Hypothesis) and not reached.state.is_done:
            return self._typed.read(reached, self.line_end)  # by a blank line
        return reached

    def _line_of_model(self, before: Hypothesis, later: Sequence[str], old: str) -> str:
        """What the model writes in place of a line, another one if it can; those that ended later rhyme with it."""
        ended = later if self._current.state.is_done else later[:-1]
        fixed = enumerate(filter(None, ended), len(before.state.lines) + 1)
        lines = [(self._tracker.form.line(number), text) for number, text in fixed]
        state = with_fixed_lines(self._tracker.rhyming, before.state, lines)
        drafts = self._search.lines(before._replace(state=state), self._rng, 2)
        new = [draft.rstrip(self.line_end) for draft in drafts]
        return next((line for line in new if before.state.text + line != old), new[0])
