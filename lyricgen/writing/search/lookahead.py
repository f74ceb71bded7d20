"""How likely each next character leads to the tones that must follow, and to the required end of the line.

A twist function (Whiteley & Lee 2014; Lew et al. 2023) for the next characters of a line. p(x | c) is the model's
probability of character x after character c. v_r(c) is the probability that r counted characters of the required tones
follow c; at the end of a line, that the last one is in the required class of rhyme, and that the line ends then:

    v_0(c) = p(line end | c), or 1 within a line;   v_r(c) = Σ_x p(x | c) v_{r-1}(x)  over counted x of the r-th tone

This is an approximation, because the model's context is longer than one character. So it only weights characters and
never forbids one.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lyricgen.model.decoder import Decoder
from lyricgen.model.parameters import Floats
from lyricgen.model.probability import softmax
from lyricgen.text.vocabulary import UNKNOWN, Vocabulary
from lyricgen.writing.form.characters import Mask
from lyricgen.writing.form.state import FormState
from lyricgen.writing.form.tones import ANY
from lyricgen.writing.form.tracker import FormTracker

AHEAD = 3  # counted characters that are looked at
_AT_ONCE = 256  # characters after which the decoder predicts the next one at once
_MAX_VOCABULARY = 8192  # p(x | c) of more characters would take too much memory
_WIDE_VOCABULARY = 4096  # of more characters it is kept in half precision
_FLOOR = 0.02  # of the mean, added to each value: an approximation must not exclude a character


class _Key(NamedTuple):
    tones: str  # of the counted characters that must still come, at most AHEAD of them
    ends: bool  # whether the line ends after them
    rhyme_class: str  # empty for any


class Lookahead:
    """v_r of one decoder under one form. Each is computed when it is first needed."""

    def __init__(self, decoder: Decoder, vocabulary: Vocabulary, *, tracker: FormTracker, temperature: float) -> None:
        self._decoder = decoder
        self._vocabulary = vocabulary
        self._tracker = tracker
        self._temperature = temperature or 1.0
        self._weight = functools.cache(self._compute_weight)
        self._values = functools.cache(self._compute_values)
        self._sums = functools.cache(self._compute_sums)

    def weights(self, states: Sequence[FormState]) -> Floats | None:
        """The weight (N, V) of each next character, at most 1; None if nothing is required of any."""
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
        tones = (state.line.tones or ANY * state.target)[state.counted :][:AHEAD]
        if left > AHEAD:
            return _Key(tones, False, "") if tones.strip(ANY) else None
        required = self._tracker.rhyming.required(state)
        return _Key(tones, True, required.rhyme_class if required else "") if left > 0 else None

    def _compute_weight(self, key: _Key | None) -> Floats:
        if key is None:
            return np.ones(len(self._vocabulary), np.float32)
        column = self._columns.get(key.rhyme_class, 0) if key.ends else 0
        after_counted, after_others = (self._values(tones, key.ends)[:, column] for tones in (key.tones[1:], key.tones))
        weight: Floats = np.where(self._tracker.characters.counted, after_counted, after_others)
        weight /= weight.max()
        return weight

    @functools.cached_property
    def _rhyming(self) -> dict[str, Mask]:
        """The counted characters of each class of rhyme; first, with an empty name, all of them."""
        classes = self._tracker.characters.class_masks if self._tracker.form.scheme else {}
        return {"": self._tracker.characters.counted, **classes}

    @functools.cached_property
    def _columns(self) -> dict[str, int]:
        return {name: column for column, name in enumerate(self._rhyming)}

    def _compute_values(self, tones: str, ends: bool) -> Floats:
        """v_r (V, C) for r tones: a column for each class of rhyme at the end of a line, else one."""
        table = self._sums(tones, ends)
        floored: Floats = table + _FLOOR * table.mean(axis=0) + np.float32(1e-30)
        return floored

    def _compute_sums(self, tones: str, ends: bool) -> Floats:
        probabilities, line_ends = self._predicted
        if not tones:
            line = line_ends if ends else np.ones_like(line_ends)
            return np.repeat(line[:, None], len(self._columns) if ends else 1, axis=1)
        reached = self._sums(tones[1:], ends) * self._tracker.toning.mask(tones[0])[:, None]
        if ends and len(tones) == 1:
            reached = reached * np.stack(list(self._rhyming.values()), axis=1)
        sums: Floats = np.concatenate([part.astype(np.float32, copy=False) @ reached for part in probabilities])
        return sums

    @functools.cached_property
    def _predicted(self) -> tuple[list[NDArray[Any]], Floats]:
        """p(x | c), (V, V) in parts of some rows c each, and the probability (V,) that the line ends after c."""
        line_end = self._tracker.characters.line_end | self._tracker.characters.closing
        precision = np.float32 if len(self._vocabulary) <= _WIDE_VOCABULARY else np.float16
        parts: list[NDArray[Any]] = []
        ends = []
        for probabilities in self._predict_in_parts():
            parts.append(probabilities.astype(precision))
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
