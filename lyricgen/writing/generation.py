"""Prefix in, text out, a character at a time."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lyricgen.config import LENGTH, FormConfig, SampleConfig
from lyricgen.model.decoder import Decoder
from lyricgen.model.parameters import Floats
from lyricgen.text.prompt import line_start, normalise_prompt
from lyricgen.text.vocabulary import Ids, Vocabulary
from lyricgen.writing.sampling import choose

if TYPE_CHECKING:
    from lyricgen.writing.search.constraints import Row, Rules
    from lyricgen.writing.search.lookahead import Outlook
    from lyricgen.writing.search.particles import Planner
    from lyricgen.writing.search.session import Session

_NO_FORM = FormConfig()
PLANNED_AT_ONCE = 64  # where each of them may be several ways of ending a line
AT_ONCE = 256  # songs decoded side by side; more of them save no time and take memory


def song_rng(seed: int, sample: int) -> np.random.Generator:
    """The chance of the ``sample``-th song (from 0) of a seed: the same whatever is decoded beside it."""
    return np.random.default_rng([seed, sample])


def read_prefix(decoder: Decoder, vocabulary: Vocabulary, prefix: str) -> tuple[Floats, Any]:
    """Logits (1, V) of what follows ``prefix`` at the beginning of a line, and the state after it."""
    state = decoder.initial_state(1)
    for char_id in vocabulary.encode(line_start(vocabulary) + normalise_prompt(vocabulary, prefix)):
        logits, state = decoder.step(np.array([char_id]), state)
    return logits, state


def write(
    decoder: Decoder, vocabulary: Vocabulary, prefix: str, config: SampleConfig, rngs: Sequence[np.random.Generator]
) -> Iterator[list[str]]:
    """Continue ``prefix`` in as many ways as there are generators.

    Yields ``config.length`` times a list of N characters, one for each song. A song's chance is its generator's alone,
    but how many are beside it may change the last bit of a logit, and so, rarely, a draw.
    """
    logits, state = read_prefix(decoder, vocabulary, prefix)
    logits, state = np.repeat(logits, len(rngs), axis=0), decoder.select(state, np.zeros(len(rngs), np.intp))
    for left in range(LENGTH if config.length is None else config.length, 0, -1):
        ids = choose(logits, config, np.array([rng.random() for rng in rngs]))
        yield list(vocabulary.decode(ids))
        if left > 1:
            logits, state = decoder.step(ids, state)


class Writer:
    """All that is asked of songs, for one model: ``write`` where nothing is, else the planner or the beam."""

    def __init__(
        self,
        decoder: Decoder,
        vocabulary: Vocabulary,
        config: SampleConfig,
        form: FormConfig = _NO_FORM,
        text: Ids | None = None,
    ) -> None:
        """``text`` is what the model was trained on, for ``config.max_copy``.

        Raises
        ------
        OptionError
            Something is asked for that this model can never do.
        """
        self._decoder = decoder
        self._vocabulary = vocabulary
        self._config = config
        self._form = form
        self._text = text
        self._is_free = form.is_free and config.is_free
        if not self._is_free:
            _ = self._rules  # what can never be done is said before anything is

    @functools.cached_property
    def _rules(self) -> Rules:
        from lyricgen.writing.form.rhyme import Rhymer
        from lyricgen.writing.form.spec import compile_form
        from lyricgen.writing.form.tracker import Verse
        from lyricgen.writing.search.constraints import Rules

        form = compile_form(self._form, self._config.length)
        rhymer = Rhymer(strict=self._form.rhyme_strict)
        verse = Verse(form, self._vocabulary, rhymer=rhymer, identical=self._form.rhyme_identical)
        return Rules(self._decoder, self._vocabulary, verse, self._config, self._text)

    @functools.cached_property
    def _outlook(self) -> Outlook:
        from lyricgen.writing.search.lookahead import Outlook

        return Outlook(self._decoder, self._vocabulary, self._rules.verse, self._config.temperature)

    @functools.cached_property
    def _planner(self) -> Planner:
        from lyricgen.writing.search.particles import Planner

        return Planner(self._rules, self._outlook, self._config)

    def check(self, prefix: str) -> None:
        """OptionError if a prefix breaks already what is asked for."""
        if not self._is_free:
            self._rules.verse.start(normalise_prompt(self._vocabulary, prefix), self._config.length)

    def stream(self, prefix: str, *, seed: int, samples: Sequence[int]) -> Iterator[list[str]]:
        """Songs side by side, ``samples`` saying which of a seed's: lists of what has come to each, prefix left out."""
        rngs = [song_rng(seed, sample) for sample in samples]
        if self._is_free:
            yield from write(self._decoder, self._vocabulary, prefix, self._config, rngs)
            return
        length = self._config.length
        if length is None and self._rules.verse.form.count is None:
            length = LENGTH
        start = self._start(prefix, length)
        for pieces in self._plan(start, rngs):
            yield [self.shown(piece) for piece in pieces]

    def _start(self, prefix: str, length: int | None) -> Row:
        read = read_prefix(self._decoder, self._vocabulary, prefix)
        return self._rules.start(normalise_prompt(self._vocabulary, prefix), length, *read)

    def shown(self, text: str) -> str:
        """A text as it is printed: lines that were asked for end as lines do, even if the model was taught spaces."""
        verse = self._rules.verse
        return text if verse.is_free else text.replace(verse.line_end, "\n")

    def _plan(self, start: Row, rngs: Sequence[np.random.Generator]) -> Iterator[list[str]]:
        if self._config.beam:
            from lyricgen.writing.search.beam import search

            return search(self._rules, self._outlook, start, self._config, groups=len(rngs))
        return self._planner.write(start, rngs)

    def session(self, prefix: str, *, seed: int) -> Session:
        """A song to be written by hand and by the model in turns, after ``prefix``."""
        from lyricgen.writing.search.session import Session

        start = self._start(prefix, self._config.length)
        return Session(self._rules, self._planner, start, song_rng(seed, 0))

    def songs(self, prefix: str, *, seed: int, samples: int) -> Iterator[str]:
        """``samples`` whole songs, the prefix as given at the head of each, decoded side by side.

        The first one is that of ``samples=1``, bit for bit: nothing is decoded beside it, since a matrix product rounds
        one row otherwise than many. A beam's songs need one another; ``search`` keeps its first one to itself.
        """
        for numbers in self._groups(samples):
            songs = [prefix] * len(numbers)
            for pieces in self.stream(prefix, seed=seed, samples=numbers):
                songs = [song + piece for song, piece in zip(songs, pieces)]
            yield from songs

    def _groups(self, samples: int) -> Iterator[range]:
        """The numbers of the songs that are decoded side by side."""
        if self._config.beam:
            yield range(samples)
            return
        if samples:
            yield range(1)
        at_once = AT_ONCE if self._is_free else PLANNED_AT_ONCE
        for first in range(1, samples, at_once):
            yield range(first, min(first + at_once, samples))


def write_songs(
    decoder: Decoder, vocabulary: Vocabulary, prefix: str, config: SampleConfig, *, seed: int, samples: int
) -> Iterator[str]:
    """``samples`` whole songs of which nothing is asked."""
    return Writer(decoder, vocabulary, config).songs(prefix, seed=seed, samples=samples)
