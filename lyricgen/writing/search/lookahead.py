"""How likely each next character leads to the required end of the line.

A twist function (Whiteley & Lee 2014; Lew et al. 2023) for the last characters of a line. p(x | c) is the model's
probability of character x after character c. v_r(c) is the probability that exactly r counted characters follow c, that
the last one is in the required class of rhyme, and that the line ends then:

    v_0(c) = p(line end | c);   v_r(c) = Σ_x p(x | c) v_{r-1}(x)  over counted x

This is an approximation, because the model's context is longer than one character. So it only weights characters and
never forbids one.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lyricgen.model.decoder import Decoder
from lyricgen.model.parameters import Floats
from lyricgen.model.probability import softmax
from lyricgen.text.vocabulary import UNKNOWN, Vocabulary
from lyricgen.writing.form.state import FormState
from lyricgen.writing.form.tracker import FormTracker

AHEAD = 3  # counted characters at the end of a line that are weighted
_AT_ONCE = 256  # characters after which the decoder predicts the next one at once
_MAX_VOCABULARY = 8192  # p(x | c) of more characters would take too much memory
_FLOOR = 0.02  # of the mean, added to each value: an approximation must not exclude a character


class _Key(NamedTuple):
    left: int  # counted characters that must still come
    rhyme_class: str  # empty for any


class _Values(NamedTuple):
    columns: dict[str, int]  # of each class of rhyme; column 0 is for lines that need not rhyme
    tables: list[Floats]  # v_r (V, C) for r = 0 .. AHEAD


class Lookahead:
    """v_r of one decoder under one form. It is computed when it is first needed."""

    def __init__(self, decoder: Decoder, vocabulary: Vocabulary, *, tracker: FormTracker, temperature: float) -> None:
        self._decoder = decoder
        self._vocabulary = vocabulary
        self._tracker = tracker
        self._temperature = temperature or 1.0
        self._weight = functools.cache(self._compute_weight)

    def weights(self, states: Sequence[FormState]) -> Floats | None:
        """The weight (N, V) of each next character, at most 1; None if no line is near its end."""
        keys = [self._key(state) for state in states]
        if not any(keys):
            return None
        rows = {key: row for row, key in enumerate(dict.fromkeys(keys))}
        table = np.stack([self._weight(key) for key in rows])
        return table[[rows[key] for key in keys]]

    def _key(self, state: FormState) -> _Key | None:
        if state.target is None or state.forced_text or len(self._vocabulary) > _MAX_VOCABULARY:
            return None
        left = state.target - state.counted
        if not 1 <= left <= AHEAD:
            return None
        required = self._tracker.rhyming.required(state)
        return _Key(left, required.rhyme_class if required else "")

    def _compute_weight(self, key: _Key | None) -> Floats:
        if key is None:
            return np.ones(len(self._vocabulary), np.float32)
        column = self._values.columns.get(key.rhyme_class, 0)
        after_counted, after_others = (self._values.tables[left][:, column] for left in (key.left - 1, key.left))
        weight: Floats = np.where(self._tracker.characters.counted, after_counted, after_others)
        weight /= weight.max()
        return weight

    @functools.cached_property
    def _values(self) -> _Values:
        classes = self._tracker.characters.class_masks if self._tracker.form.scheme else {}
        rhyming = np.stack([self._tracker.characters.counted, *classes.values()], axis=1)  # (V, C)
        probabilities, line_ends = self._predict()
        tables = [np.repeat(line_ends[:, None], rhyming.shape[1], axis=1)]
        for left in range(1, AHEAD + 1):
            reached = tables[-1] * (rhyming if left == 1 else self._tracker.characters.counted[:, None])
            tables.append(np.concatenate([part.astype(np.float32) @ reached for part in probabilities]))
        tables = [table + _FLOOR * table.mean(axis=0) + np.float32(1e-30) for table in tables]
        return _Values({name: column for column, name in enumerate(classes, 1)}, tables)

    def _predict(self) -> tuple[list[NDArray[np.float16]], Floats]:
        """p(x | c), (V, V) in parts of some rows c each, and the probability (V,) that the line ends after c."""
        line_end = self._tracker.characters.line_end | self._tracker.characters.closing
        parts, ends = [], []
        for probabilities in self._predict_in_parts():
            parts.append(probabilities.astype(np.float16))
            ends.append(probabilities[:, line_end].sum(axis=1))
        return parts, np.concatenate(ends)

    def _predict_in_parts(self) -> Iterator[Floats]:
        size = len(self._vocabulary)
        start = self._vocabulary.encode(self._tracker.line_end)
        _, state = self._decoder.step(start, self._decoder.initial_state(1))
        for first in range(0, size, _AT_ONCE):
            ids = np.arange(first, min(first + _AT_ONCE, size))
            logits, _ = self._decoder.step(ids, self._decoder.select(state, np.zeros(len(ids), np.intp)))
            logits[:, UNKNOWN] = -np.inf
            yield softmax(logits, self._temperature)
