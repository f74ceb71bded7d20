"""Prefix -> song, one character at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lyricgen.config import LENGTH, FormConfig, SampleConfig
from lyricgen.model.decoder import Decoder
from lyricgen.text.vocabulary import Ids, Vocabulary
from lyricgen.writing.prefix import read_prefix
from lyricgen.writing.sampling import choose

if TYPE_CHECKING:
    from lyricgen.writing.search.search import Search
    from lyricgen.writing.search.session import Session

AT_ONCE = 256  # songs without constraints that are decoded side by side; more save no time and take memory
SEARCHED_AT_ONCE = 64  # songs with constraints; each may have several particles
_NO_FORM = FormConfig()


def song_rng(seed: int, sample: int) -> np.random.Generator:
    """The random generator of song number ``sample`` (from 0) of a seed. It does not depend on the other songs."""
    return np.random.default_rng([seed, sample])


def write(
    decoder: Decoder, vocabulary: Vocabulary, prefix: str, config: SampleConfig, rngs: Sequence[np.random.Generator]
) -> Iterator[list[str]]:
    """Continue ``prefix`` without constraints, once for each of N generators.

    Yields ``config.length`` times a list of N characters, one for each song. A song draws from its own generator only,
    but the number of songs may change the last bit of a logit, and so, rarely, a draw.
    """
    logits, state = read_prefix(decoder, vocabulary, prefix)
    logits, state = np.repeat(logits, len(rngs), axis=0), decoder.select(state, np.zeros(len(rngs), np.intp))
    for left in range(LENGTH if config.length is None else config.length, 0, -1):
        ids = choose(logits, config, np.array([rng.random() for rng in rngs]))
        yield list(vocabulary.decode(ids))
        if left > 1:
            logits, state = decoder.step(ids, state)


class Writer:
    """Writes songs with one model and one set of options: by ``write`` without constraints, else by a search."""

    def __init__(
        self,
        decoder: Decoder,
        vocabulary: Vocabulary,
        config: SampleConfig,
        form: FormConfig = _NO_FORM,
        text: Ids | None = None,
    ) -> None:
        """``text`` is the training text, for ``config.max_copy`` and ``config.theme``.

        Raises
        ------
        OptionError
            Two options contradict each other, or this model can never satisfy them.
        """
        self._decoder = decoder
        self._vocabulary = vocabulary
        self._config = config
        self._search = None
        if not (form.is_free and config.is_free):
            self._search = _make_search(decoder, vocabulary, config, form, text)

    def check(self, prefix: str) -> None:
        """OptionError if the prefix breaks the form already."""
        if self._search:
            self._search.check(prefix)

    def stream(self, prefix: str, *, seed: int, samples: Sequence[int]) -> Iterator[list[str]]:
        """Songs ``samples`` of a seed, side by side: lists of the new characters of each, without the prefix.

        Raises
        ------
        OptionError
            The prefix breaks the form already.
        UnsatisfiableError
            No song was found that satisfies all constraints.
        """
        rngs = [song_rng(seed, sample) for sample in samples]
        if self._search:
            return self._search.write(prefix, rngs)
        return write(self._decoder, self._vocabulary, prefix, self._config, rngs)

    def session(self, prefix: str, *, seed: int) -> Session:
        """A song after ``prefix`` that a person and the model write in turns; OptionError as for ``stream``."""
        search = self._search or _make_search(self._decoder, self._vocabulary, self._config, _NO_FORM, None)
        return search.session(prefix, song_rng(seed, 0))

    def shown(self, text: str) -> str:
        """What a session has written, as it is printed: see ``Search.shown``."""
        return self._search.shown(text) if self._search else text

    def songs(self, prefix: str, *, seed: int, samples: int) -> Iterator[str]:
        """``samples`` whole songs, each with the prefix; errors as for ``stream``.

        The first one is that of ``samples=1``, bit for bit. It is written alone, because a product of matrices rounds
        one row otherwise than many.
        """
        for numbers in self._groups(samples):
            songs = [prefix] * len(numbers)
            for pieces in self.stream(prefix, seed=seed, samples=numbers):
                songs = [song + piece for song, piece in zip(songs, pieces)]
            yield from songs

    def _groups(self, samples: int) -> Iterator[range]:
        """The numbers of the songs that are written side by side."""
        yield range(min(samples, 1))
        at_once = SEARCHED_AT_ONCE if self._search else AT_ONCE
        for first in range(1, samples, at_once):
            yield range(first, min(first + at_once, samples))


def _make_search(
    decoder: Decoder, vocabulary: Vocabulary, config: SampleConfig, form: FormConfig, text: Ids | None
) -> Search:
    from lyricgen.writing.search.search import Search  # songs without constraints need none of its modules

    return Search(decoder, vocabulary, config=config, form=form, text=text)


def write_songs(
    decoder: Decoder, vocabulary: Vocabulary, prefix: str, config: SampleConfig, *, seed: int, samples: int
) -> Iterator[str]:
    """``samples`` whole songs without a form."""
    return Writer(decoder, vocabulary, config).songs(prefix, seed=seed, samples=samples)
