"""A song that a person and the model write in turns: what may come next, how probable it is, and undo."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lyricgen.model.probability import softmax
from lyricgen.text.vocabulary import UNKNOWN
from lyricgen.writing.form.rhyme import is_counted
from lyricgen.writing.sampling import NEVER
from lyricgen.writing.search.hypotheses import Hypothesis
from lyricgen.writing.search.particles import ParticleSampler
from lyricgen.writing.search.space import SearchSpace


class Choice(NamedTuple):
    """What may be written next: a character, or the rest of a line with its line end."""

    text: str
    probability: float


class Session:
    """An unfinished song. Each step can be undone."""

    def __init__(
        self, space: SearchSpace, sampler: ParticleSampler, *, start: Hypothesis, rng: np.random.Generator
    ) -> None:
        self._space = space
        self._tracker = space.tracker
        self._sampler = sampler
        self._history = [start]
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
            return [Choice(forced, float(probabilities[self._id_of(forced)]))] if may_come else []
        order = np.argsort(-np.where(options.allowed[0], options.logits[0], NEVER), kind="stable")
        ids = [char_id for char_id in order if options.allowed[0, char_id]]
        found = [Choice(self._space.vocabulary.id_to_char[i], float(probabilities[i])) for i in ids[: count + 1]]
        return [choice for choice in found if self._may_come(self._current, choice.text)][:count]

    def lines(self, count: int) -> list[Choice]:
        """Different ways to end the current line, drawn by chance, the likeliest first."""
        if self.is_over:
            return []
        rngs = [np.random.default_rng(seed) for seed in self._rng.integers(2**63, size=count)]
        ends = [hypothesis.state for hypothesis in self._sampler.lines(self._current, rngs)]
        texts = [end.written[len(self.written) :] + (self.line_end if end.is_done else "") for end in ends]
        choices = [Choice(text, self._probability(text)) for text in dict.fromkeys(texts)]
        return sorted(choices, key=lambda choice: -choice.probability)

    def _probability(self, text: str) -> float:
        current, total = self._current, 1.0
        for character in text:
            logits = self._space.options([current]).logits
            total *= float(softmax(logits.astype(np.float64))[0, self._id_of(character)])
            if not self._tracker.is_over(current.state):
                (current,) = self._space.advance([current], [character])
        return total

    def take(self, text: str) -> str:
        """Append ``text``; returns the part of it that is not allowed. Then nothing is appended."""
        current = self._current
        for position, character in enumerate(text):
            if self._tracker.is_over(current.state) or not self._is_allowed(current, character):
                return text[position:]
            (current,) = self._space.advance([current], [character])
        self._history.append(current)
        return ""

    def undo(self) -> bool:
        """Return to the state before the last step; False if there was none."""
        if len(self._history) == 1:
            return False
        self._history.pop()
        return True

    def _id_of(self, character: str) -> int:
        return int(self._space.vocabulary.encode(character)[0])

    def _is_allowed(self, current: Hypothesis, character: str) -> bool:
        options = self._space.options([current])
        (allowed,), (forced,) = options.allowed, options.forced
        if forced:
            return character == forced and bool(allowed.any())
        char_id = self._id_of(character)
        if char_id == UNKNOWN:  # the model does not know it, but may read it in place of any counted character
            return is_counted(character) and bool((allowed & self._tracker.characters.counted).any())
        return bool(allowed[char_id]) and self._may_come(current, character)

    def _may_come(self, current: Hypothesis, character: str) -> bool:
        """Whether the line rhymes, if this allowed character ends it."""
        ends = character == self.line_end and self._tracker.can_end_line(current.state)
        return not ends or self._tracker.rhyming.is_satisfied(current.state)
