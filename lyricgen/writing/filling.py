"""Blanks in a text -> the characters that fill them with the highest probability of the whole text."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Callable, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lyricgen.config import FormConfig
from lyricgen.errors import OptionError, UnsatisfiableError
from lyricgen.model.bidirectional import READ_AHEAD, Bidirectional
from lyricgen.model.decoder import Decoder
from lyricgen.model.parameters import initial_state
from lyricgen.model.probability import log_softmax, softmax
from lyricgen.text import corpus
from lyricgen.text.prompt import line_start, normalise_prompt
from lyricgen.text.vocabulary import UNKNOWN, Ids, Vocabulary
from lyricgen.writing.form.state import FormState
from lyricgen.writing.sampling import NEVER, Logits, likeliest
from lyricgen.writing.search.words import required_words
from lyricgen.writing.template import BLANK, FormedTemplate, places_of

_NO_FORM = FormConfig()
MAX_FILLINGS, WIDTH = 4096, 64  # fillings side by side, at most and as a rule; each has a row of logits
_COMPARED, _TRIED = 8, 8  # places of a word that are compared, and fillings side by side meanwhile
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
    states: Sequence[FormState] = ()  # of each up to the next blank, if there is a form to keep


class _Search(NamedTuple):
    """What a beam search is made by."""

    width: int
    excluded: NDArray[np.bool_]  # (V,): the characters that fill no blank
    template: FormedTemplate | None
    watch: Watch

    def start(self) -> _Beam:
        """The beam before the first blank."""
        states = [self.template.start()] if self.template else []
        return _Beam(np.zeros((1, 0), np.int64), np.zeros(1), states)

    def extend(self, beam: _Beam, gains: Logits) -> tuple[_Beam, NDArray[np.intp]]:
        """The likeliest ways to fill one more blank, and the row that each continues. ``gains``: ln p (N, V)."""
        scores, states = gains + beam.scores[:, None], beam.states
        if self.template:
            rows, ids, states = self.template.choose(states, scores, beam.fills.shape[1], width=self.width)
        else:
            rows, ids = likeliest(scores, self.width)
        return _Beam(np.concatenate([beam.fills[rows], ids[:, None]], axis=1), scores[rows, ids], states), rows


def fill(
    model: Decoder | Bidirectional,
    vocabulary: Vocabulary,
    template: str,
    *,
    best: int,
    watch: Watch = iter,
    form: FormConfig = _NO_FORM,
    ban: str | None = None,
) -> list[Filling]:
    """The ``best`` likeliest ways to fill all blanks of a text, found by a beam search.

    A bidirectional network predicts each blank from the text around it. It reads the earlier blanks as they are filled,
    and the later ones as unknown characters, as in its training. A model that reads forward only gives a probability to
    the whole text with each filling, so the text after a blank counts, too. ``watch`` is given the places that are
    worked through, and gives them back one by one: a bar may count them.

    The filled text keeps ``form``, and has none of the words that ``ban`` lists. The beam drops what breaks them.

    Raises
    ------
    OptionError
        Two options contradict each other, or the text breaks the form whatever its blanks are.
    UnsatisfiableError
        No filling was found that keeps the form.
    """
    if not 1 <= best <= MAX_FILLINGS:
        raise OptionError(f"--best: {best:,} is not from 1 to {MAX_FILLINGS:,}")
    text = corpus.normalise(template)
    start = line_start(vocabulary)
    prompt = start + normalise_prompt(vocabulary, text) + start
    blanks = [match.start() for match in BLANK.finditer(prompt)]
    ids = vocabulary.encode(prompt).astype(np.int64)
    ids[blanks] = UNKNOWN
    excluded, words = _excluded(vocabulary), form.words
    form = dataclasses.replace(form, words=None)

    def search(known: Mapping[int, str], width: int, watch: Watch = iter) -> _Beam:
        asked = not form.is_free or ban is not None or bool(known)
        formed = FormedTemplate(text, vocabulary, form, ban, known) if asked else None
        fill_blanks = _fill_bidirectionally if isinstance(model, Bidirectional) else _fill_forwards
        return fill_blanks(model, ids, blanks, _Search(width, excluded, formed, watch))  # type: ignore[arg-type]

    def log_probability(known: Mapping[int, str]) -> float:
        filled = ids.copy()
        for blank, character in known.items():
            filled[blanks[blank]] = vocabulary.encode(character)[0]
        return float(np.log(model.probabilities(filled)).sum())

    FormedTemplate(text, vocabulary, form, ban)  # what is wrong without the words is said before they are placed
    known = _place_words(text, required_words(vocabulary, words, ban), search, log_probability)
    found = search(known, max(best, WIDTH), watch)
    probabilities = np.exp(found.scores) if isinstance(model, Bidirectional) else softmax(found.scores[None])[0]
    fills = [vocabulary.decode(ids) for ids in found.fills[:best]]
    return [Filling(_insert(text, each), each, float(p)) for each, p in zip(fills, probabilities)]


def _place_words(
    text: str,
    words: Sequence[str],
    search: Callable[[Mapping[int, str], int], _Beam],
    log_probability: Callable[[Mapping[int, str]], float],
) -> Mapping[int, str]:
    """Characters of blanks, by the number of the blank, with which the text has all words: the likeliest of each alone.

    Of many places, those are tried at which the text has the highest ``log_probability`` while its other blanks are
    unknown.

    Raises
    ------
    OptionError
        A word fits nowhere among the blanks.
    """
    known: dict[int, str] = {}
    for word in sorted(words, key=len, reverse=True):
        places = [{**known, **place} for place in places_of(word, text, known)]
        if len(places) > _COMPARED:
            places.sort(key=log_probability, reverse=True)
        tried = ((place, beam.scores[0]) for place in places for beam in _tried(search, place))
        found = list(itertools.islice(tried, _COMPARED))
        if not found:
            raise OptionError(f"--words: {word} fits nowhere among the blanks of the text with what is asked for")
        known, _ = max(found, key=lambda each: float(each[1]))
    return known


def _tried(search: Callable[[Mapping[int, str], int], _Beam], known: Mapping[int, str]) -> list[_Beam]:
    """The beam with these characters; none if the form forbids them."""
    try:
        return [search(known, _TRIED)]
    except (OptionError, UnsatisfiableError):
        return []


def _excluded(vocabulary: Vocabulary) -> NDArray[np.bool_]:
    """The characters (V,) that fill no blank: white space and the unknown one."""
    mask = np.array([character.isspace() for character in vocabulary.id_to_char])
    mask[UNKNOWN] = True
    return mask


def _insert(text: str, fills: str) -> str:
    return "".join(part + character for part, character in zip(BLANK.split(text), [*fills, ""]))


def _fill_bidirectionally(model: Bidirectional, ids: Ids, blanks: Sequence[int], search: _Search) -> _Beam:
    beam, position = search.start(), 0
    state = initial_state(model.config, 1)
    for number, blank in enumerate(search.watch(blanks)):
        stretch = np.repeat(ids[position:blank, None], len(beam.scores), axis=1)
        if number:
            stretch[0] = beam.fills[:, -1]
        before, state = model.forward(stretch, state)
        behind = model.backward(ids[blank + 1 : blank + 1 + 2 * READ_AHEAD, None])[:1]
        known = np.concatenate([before[-1], np.repeat(behind[0], len(beam.scores), axis=0)], axis=1)
        beam, rows = search.extend(beam, log_softmax(np.where(search.excluded, NEVER, model.logits(known))))
        state, position = state[:, :, rows], blank
    return beam


def _fill_forwards(model: Decoder, ids: Ids, blanks: Sequence[int], search: _Search) -> _Beam:
    beam = search.start()
    logits, state = model.step(ids[:1], model.initial_state(1))
    is_blank = np.isin(np.arange(len(ids)), blanks)
    for position in search.watch(range(1, len(ids))):
        if is_blank[position]:
            beam, rows = search.extend(beam, np.where(search.excluded, NEVER, log_softmax(logits)))
            state, chosen = model.select(state, rows), beam.fills[:, -1]
        else:
            beam = beam._replace(scores=beam.scores + log_softmax(logits)[:, ids[position]])
            chosen = np.full(len(beam.scores), ids[position])
        logits, state = model.step(chosen, state)
    order = np.argsort(-beam.scores, kind="stable")
    return _Beam(beam.fills[order], beam.scores[order])
