"""Blanks in a text -> what may stand there, by the likelihood of the whole."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lyricgen.model.bidirectional import READ_AHEAD, Bidirectional
from lyricgen.model.decoder import Decoder
from lyricgen.model.parameters import initial_state
from lyricgen.model.probability import log_softmax
from lyricgen.text import corpus
from lyricgen.text.prompt import line_start, normalise_prompt
from lyricgen.text.vocabulary import UNKNOWN, Ids, Vocabulary
from lyricgen.writing.sampling import NEVER, Logits, likeliest

BLANK = re.compile("[＿_]")


class Filling(NamedTuple):
    """A text without blanks, what was filled in, and how probable that is among all that could be."""

    text: str
    fills: str
    probability: float


class _Beam(NamedTuple):
    """The fillings so far, the likeliest first."""

    fills: NDArray[np.int64]  # (N, blanks so far)
    scores: NDArray[np.float64]  # (N,): ln p


def fill(
    model: Decoder | Bidirectional, vocabulary: Vocabulary, template: str, *, best: int, beam: int
) -> list[Filling]:
    """The ``best`` likeliest ways to fill every blank of a text, found among ``beam`` at a time.

    A bidirectional network gives each blank a probability from what is around it and from the blanks filled before it;
    those behind it are unknown characters to it, as in its training. A model that reads forward only gives the whole
    text a probability with each filling: what follows a blank decides, too.
    """
    text = corpus.normalise(template)
    start = line_start(vocabulary)
    taught = start + normalise_prompt(vocabulary, text) + start
    blanks = [match.start() for match in BLANK.finditer(taught)]
    ids = vocabulary.encode(taught).astype(np.int64)
    ids[blanks] = UNKNOWN
    never = np.array([sign.isspace() for sign in vocabulary.id_to_char])
    never[UNKNOWN] = True
    if isinstance(model, Bidirectional):
        found = _from_both_sides(model, ids, blanks, never, beam)
        probabilities = np.exp(found.scores)
    else:
        found = _from_before(model, ids, blanks, never, beam)
        probabilities = np.exp(found.scores - found.scores.max())
        probabilities /= probabilities.sum()
    fillings = []
    for fills, probability in zip(found.fills[:best], probabilities[:best]):
        letters = vocabulary.decode(fills)
        fillings.append(Filling(_filled(text, letters), letters, float(probability)))
    return fillings


def _filled(text: str, letters: str) -> str:
    parts = BLANK.split(text)
    return "".join(part + letter for part, letter in zip(parts, [*letters, ""]))


def _from_both_sides(model: Bidirectional, ids: Ids, blanks: list[int], never: NDArray[np.bool_], width: int) -> _Beam:
    beam, at = _Beam(np.zeros((1, 0), np.int64), np.zeros(1)), 0
    state = initial_state(model.config, 1)
    for number, blank in enumerate(blanks):
        stretch = np.repeat(ids[at:blank, None], len(beam.scores), axis=1)
        if number:
            stretch[0] = beam.fills[:, -1]
        before, state = model.forward(stretch, state)
        behind = model.backward(ids[blank + 1 : blank + 1 + 2 * READ_AHEAD, None])[:1]
        known = np.concatenate([before[-1], np.repeat(behind[0], len(beam.scores), axis=0)], axis=1)
        beam, rows = _extend(beam, log_softmax(np.where(never, NEVER, model.logits(known))), width)
        state, at = state[:, :, rows], blank
    return beam


def _from_before(model: Decoder, ids: Ids, blanks: list[int], never: NDArray[np.bool_], width: int) -> _Beam:
    beam = _Beam(np.zeros((1, 0), np.int64), np.zeros(1))
    logits, state = model.step(ids[:1], model.initial_state(1))
    wanted = set(blanks)
    for place in range(1, len(ids)):
        if place in wanted:
            beam, rows = _extend(beam, np.where(never, NEVER, log_softmax(logits)), width)
            state, chosen = model.select(state, rows), beam.fills[:, -1]
        else:
            beam = beam._replace(scores=beam.scores + log_softmax(logits)[:, ids[place]])
            chosen = np.full(len(beam.scores), ids[place])
        logits, state = model.step(chosen, state)
    order = np.argsort(-beam.scores, kind="stable")
    return _Beam(beam.fills[order], beam.scores[order])


def _extend(beam: _Beam, gains: Logits, width: int) -> tuple[_Beam, NDArray[np.intp]]:
    """The likeliest ways to fill one more blank by ln p (N, V), and the row that each of them continues."""
    scores = gains + beam.scores[:, None]
    rows, ids = likeliest(scores, width)
    return _Beam(np.concatenate([beam.fills[rows], ids[:, None]], axis=1), scores[rows, ids]), rows
