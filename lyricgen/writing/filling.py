"""Blanks in a text -> the characters that fill them with the highest probability of the whole text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Callable, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lyricgen.errors import OptionError
from lyricgen.model.bidirectional import READ_AHEAD, Bidirectional
from lyricgen.model.decoder import Decoder
from lyricgen.model.parameters import initial_state
from lyricgen.model.probability import log_softmax, softmax
from lyricgen.text import corpus
from lyricgen.text.prompt import line_start, normalise_prompt
from lyricgen.text.vocabulary import UNKNOWN, Ids, Vocabulary
from lyricgen.writing.sampling import NEVER, Logits, likeliest

MOST = 4096  # fillings side by side; each has a row of logits
BLANK = re.compile("[＿_□]")
Watch = Callable[[Sequence[int]], Iterable[int]]


class Filling(NamedTuple):
    """A text without blanks, the characters in their places, and the probability of these among all fillings."""

    text: str
    fills: str
    probability: float


class _Beam(NamedTuple):
    """N ways to fill the blanks so far, the likeliest first."""

    fills: NDArray[np.int64]  # (N, blanks so far)
    scores: NDArray[np.float64]  # (N,): ln p


def fill(
    model: Decoder | Bidirectional, vocabulary: Vocabulary, template: str, *, best: int, beam: int, watch: Watch = iter
) -> list[Filling]:
    """The ``best`` likeliest ways to fill all blanks of a text, found by a beam search of width ``beam``.

    A bidirectional network predicts each blank from the text around it. It reads the earlier blanks as they are filled,
    and the later ones as unknown characters, as in its training. A model that reads forward only gives a probability to
    the whole text with each filling, so the text after a blank counts, too. ``watch`` is given the places that are
    worked through, and gives them back one by one: a bar may count them.
    """
    if max(best, beam) > MOST:
        raise OptionError(f"--beam: {max(best, beam):,} fillings are more than {MOST:,}")
    text = corpus.normalise(template)
    start = line_start(vocabulary)
    prompt = start + normalise_prompt(vocabulary, text) + start
    blanks = [match.start() for match in BLANK.finditer(prompt)]
    ids = vocabulary.encode(prompt).astype(np.int64)
    ids[blanks] = UNKNOWN
    excluded = _excluded(vocabulary)
    if isinstance(model, Bidirectional):
        found = _fill_bidirectionally(model, ids, blanks, excluded=excluded, width=beam, watch=watch)
        probabilities = np.exp(found.scores)
    else:
        found = _fill_forwards(model, ids, blanks, excluded=excluded, width=beam, watch=watch)
        (probabilities,) = softmax(found.scores[None])
    fills = [vocabulary.decode(ids) for ids in found.fills[:best]]
    return [Filling(_insert(text, each), each, float(p)) for each, p in zip(fills, probabilities)]


def _excluded(vocabulary: Vocabulary) -> NDArray[np.bool_]:
    """The characters (V,) that fill no blank: white space and the unknown one."""
    mask = np.array([character.isspace() for character in vocabulary.id_to_char])
    mask[UNKNOWN] = True
    return mask


def _insert(text: str, fills: str) -> str:
    return "".join(part + character for part, character in zip(BLANK.split(text), [*fills, ""]))


def _fill_bidirectionally(
    model: Bidirectional, ids: Ids, blanks: Sequence[int], *, excluded: NDArray[np.bool_], width: int, watch: Watch
) -> _Beam:
    beam, position = _Beam(np.zeros((1, 0), np.int64), np.zeros(1)), 0
    state = initial_state(model.config, 1)
    for number, blank in enumerate(watch(blanks)):
        stretch = np.repeat(ids[position:blank, None], len(beam.scores), axis=1)
        if number:
            stretch[0] = beam.fills[:, -1]
        before, state = model.forward(stretch, state)
        behind = model.backward(ids[blank + 1 : blank + 1 + 2 * READ_AHEAD, None])[:1]
        known = np.concatenate([before[-1], np.repeat(behind[0], len(beam.scores), axis=0)], axis=1)
        beam, rows = _extend(beam, log_softmax(np.where(excluded, NEVER, model.logits(known))), width)
        state, position = state[:, :, rows], blank
    return beam


def _fill_forwards(
    model: Decoder, ids: Ids, blanks: Sequence[int], *, excluded: NDArray[np.bool_], width: int, watch: Watch
) -> _Beam:
    beam = _Beam(np.zeros((1, 0), np.int64), np.zeros(1))
    logits, state = model.step(ids[:1], model.initial_state(1))
    is_blank = np.isin(np.arange(len(ids)), blanks)
    for position in watch(range(1, len(ids))):
        if is_blank[position]:
            beam, rows = _extend(beam, np.where(excluded, NEVER, log_softmax(logits)), width)
            state, chosen = model.select(state, rows), beam.fills[:, -1]
        else:
            beam = beam._replace(scores=beam.scores + log_softmax(logits)[:, ids[position]])
            chosen = np.full(len(beam.scores), ids[position])
        logits, state = model.step(chosen, state)
    order = np.argsort(-beam.scores, kind="stable")
    return _Beam(beam.fills[order], beam.scores[order])


def _extend(beam: _Beam, gains: Logits, width: int) -> tuple[_Beam, NDArray[np.intp]]:
    """The ``width`` likeliest ways to fill one more blank, and the row that each continues. ``gains``: ln p (N, V)."""
    scores = gains + beam.scores[:, None]
    rows, ids = likeliest(scores, width)
    return _Beam(np.concatenate([beam.fills[rows], ids[:, None]], axis=1), scores[rows, ids]), rows
