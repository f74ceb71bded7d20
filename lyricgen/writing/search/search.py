"""All that searches for songs under one set of options, put together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from lyricgen.config import LENGTH, FormConfig, SampleConfig
from lyricgen.model.decoder import Decoder
from lyricgen.text.prompt import normalise_prompt
from lyricgen.text.vocabulary import Ids, Vocabulary
from lyricgen.writing.form.tracker import FormTracker
from lyricgen.writing.search.particles import ParticleSampler
from lyricgen.writing.search.session import Session
from lyricgen.writing.search.space import SearchSpace
from lyricgen.writing.search.words import WordSearch, check_room, required_words


class Search:
    """Searches for songs with one decoder.

    ``text`` is the training text, for ``config.max_copy`` and ``config.theme``.

    Raises
    ------
    OptionError
        Two options contradict each other, or this model can never satisfy them.
    """

    def __init__(
        self, decoder: Decoder, vocabulary: Vocabulary, *, config: SampleConfig, form: FormConfig, text: Ids | None
    ) -> None:
        self._length = config.length
        self._vocabulary = vocabulary
        self._tracker = FormTracker.of(form, vocabulary, config.length)
        self._space = SearchSpace(decoder, vocabulary, tracker=self._tracker, config=config, text=text)
        self._sampler = ParticleSampler(self._space, config)
        words = required_words(vocabulary, form.words, config.ban)
        self._words = None
        if words:
            check_room(words, self._tracker, config.length)
            self._words = WordSearch(self._space, self._sampler, words, config.temperature)

    def check(self, prefix: str) -> None:
        """OptionError if the prefix breaks the form already."""
        self._tracker.start(normalise_prompt(self._vocabulary, prefix), self._length)

    def write(self, prefix: str, rngs: Sequence[np.random.Generator]) -> Iterator[list[str]]:
        """One song for each of N generators: lists of N strings, the new characters of each song after the prefix.

        Raises
        ------
        OptionError
            The prefix breaks the form already.
        UnsatisfiableError
            No song was found that satisfies all constraints.
        """
        has_end = self._length is not None or self._tracker.form.count is not None
        start = self._space.start(prefix, self._length if has_end else LENGTH)
        if self._words:
            pieces = iter([self._words.write(start, rngs, prefix)])
        else:
            pieces = self._sampler.write([start] * len(rngs), rngs)
        for new in pieces:
            yield [self.shown(piece) for piece in new]

    def session(self, prefix: str, rng: np.random.Generator) -> Session:
        """A song that a person and the model write in turns; arguments and errors as for ``write``."""
        return Session(self._space, self._sampler, start=self._space.start(prefix, self._length), rng=rng)

    def shown(self, text: str) -> str:
        """A text as it is printed. If the model ends lines with spaces, the lines of a form become real lines."""
        return text if self._tracker.is_free else text.replace(self._tracker.line_end, "\n")
