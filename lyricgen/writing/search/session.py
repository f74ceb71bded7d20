"""A song written by hand and by the model in turns: what may come next, how probable that is, and the way back."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lyricgen.model.probability import softmax
from lyricgen.text.vocabulary import UNKNOWN
from lyricgen.writing.form.rhyme import is_sung
from lyricgen.writing.sampling import NEVER
from lyricgen.writing.search.constraints import Row, Rules
from lyricgen.writing.search.particles import Planner


class Choice(NamedTuple):
    """What may be written next: a character, or the rest of a line with its line end."""

    text: str
    probability: float


class Session:
    """A song under way; every step can be undone."""

    def __init__(self, rules: Rules, planner: Planner, start: Row, rng: np.random.Generator) -> None:
        self._rules = rules
        self._planner = planner
        self._rows = [start]
        self._rng = rng

    @property
    def written(self) -> str:
        """What stands after the prefix."""
        return self._rows[-1].place.written

    @property
    def line_end(self) -> str:
        """What ends a line for the model."""
        return self._rules.verse.line_end

    @property
    def is_over(self) -> bool:
        """Whether the form is fulfilled, and nothing more can be written."""
        return self._rules.verse.is_over(self._rows[-1].place)

    def characters(self, count: int) -> list[Choice]:
        """The likeliest characters that may come next, with the model's probabilities of them among all."""
        row = self._rows[-1]
        logits, allowed, wanted = self._rules.apply([row])
        (probabilities,) = softmax(logits.astype(np.float64))
        if wanted[0].forced:
            char_id = int(self._rules.encode(wanted[0].forced)[0])
            return [Choice(wanted[0].forced, float(probabilities[char_id]))]
        order = np.argsort(-np.where(allowed[0], logits[0], NEVER), kind="stable")
        found = [Choice(self._rules.id_to_char[i], float(probabilities[i])) for i in order if allowed[0, i]]
        return [choice for choice in found[: 4 * count] if self._suits(row, choice.text)][:count]

    def lines(self, count: int) -> list[Choice]:
        """Different ways in which the line may go on to its end, drawn, the likeliest first."""
        row = self._rows[-1]
        if self.is_over:
            return []
        rngs = [np.random.default_rng(seed) for seed in self._rng.integers(2**63, size=count)]
        ends = [end.place for end in self._planner.lines(row, rngs)]
        begun = len(row.place.written)
        texts = [end.written[begun:] + (self.line_end if end.is_done else "") for end in ends]
        choices = [Choice(text, self._probability(row, text)) for text in dict.fromkeys(texts)]
        return sorted(choices, key=lambda choice: -choice.probability)

    def _probability(self, row: Row, text: str) -> float:
        total = 1.0
        for character in text:
            logits, _, _ = self._rules.apply([row])
            total *= float(softmax(logits.astype(np.float64))[0, self._rules.encode(character)[0]])
            if not self._rules.verse.is_over(row.place):
                (row,) = self._rules.step([row], [character])
        return total

    def take(self, text: str) -> str:
        """Go on with ``text``; returns what of it must not stand there, and then takes nothing."""
        row = self._rows[-1]
        for at, character in enumerate(text):
            if self._rules.verse.is_over(row.place) or not self._may_stand(row, character):
                return text[at:]
            (row,) = self._rules.step([row], [character])
        self._rows.append(row)
        return ""

    def undo(self) -> bool:
        """Back to before the last step; False if there was none."""
        if len(self._rows) == 1:
            return False
        self._rows.pop()
        return True

    def _may_stand(self, row: Row, character: str) -> bool:
        _, allowed, wanted = self._rules.apply([row])
        char_id = int(self._rules.encode(character)[0])
        if wanted[0].forced:
            return character == wanted[0].forced and bool(allowed.any())
        if char_id == UNKNOWN:  # the model never saw it, but may read it where any other could be sung
            return is_sung(character) and bool((allowed[0] & self._rules.sung).any())
        return bool(allowed[0, char_id]) and self._suits(row, character)

    def _suits(self, row: Row, character: str) -> bool:
        verse = self._rules.verse
        if character == verse.line_end and verse.is_line(row.place):
            return verse.rhymes(row.place)
        return verse.suits(row.place, character)
