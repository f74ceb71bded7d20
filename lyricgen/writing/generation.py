"""Prefix -> song, one character at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from lyricgen.config import LENGTH, FormConfig, SampleConfig
from lyricgen.model.decoder import Decoder
from lyricgen.text.prompt import normalise_prompt
from lyricgen.text.vocabulary import Ids, Vocabulary
from lyricgen.writing.form.tracker import FormTracker
from lyricgen.writing.prefix import read_prefix
from lyricgen.writing.sampling import choose
from lyricgen.writing.search.drafting import DraftSearch
from lyricgen.writing.search.session import Session
from lyricgen.writing.search.space import SearchSpace
from lyricgen.writing.search.words import WordSearch, check_room, required_words

AT_ONCE = 256  # songs, or drafts, that are decoded side by side; more save no time and take memory
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
    for left in range(config.length or 0, 0, -1):
        ids = choose(logits, config, np.array([rng.random() for rng in rngs]))
        yield list(vocabulary.decode(ids))
        if left > 1:
            logits, state = decoder.step(ids, state)


class Writer:
    """Writes songs with one model and one set of options: by ``write`` where nothing is chosen, else by a search."""

    def __init__(
        self,
        decoder: Decoder,
        vocabulary: Vocabulary,
        config: SampleConfig,
        form: FormConfig = _NO_FORM,
        text: Ids | None = None,
        base_text: Ids | None = None,
    ) -> None:
        """``text`` is the training text, ``base_text`` that of the base, for ``config.max_copy`` and ``config.theme``.

        Raises
        ------
        OptionError
            Two options contradict each other, or this model can never satisfy them.
        """
        self._decoder = decoder
        self._vocabulary = vocabulary
        self._config = config
        draws_plainly = form.is_free and config.is_free and (config.drafts == 1 or not config.temperature)
        self._is_plain = draws_plainly and config.length is not None
        self._tracker = FormTracker.of(form, vocabulary, config.length)
        copied = text if text is None or base_text is None else np.concatenate([text, base_text])
        self._space = SearchSpace(decoder, vocabulary, tracker=self._tracker, config=config, text=text, copied=copied)
        self._length = config.length
        is_whole = self._tracker.is_free and config.length is None
        if not is_whole and config.length is None and self._tracker.form.count is None:
            self._length = LENGTH
        blank_lines = _blank_lines(text, self._space.id_of(self._tracker.line_end)) if is_whole else None
        self._search = DraftSearch(self._space, blank_lines)
        words = required_words(vocabulary, form.words, config.ban)
        self._words = None
        if words:
            check_room(words, self._tracker, config.length)
            self._words = WordSearch(self._space, self._search, words, config.temperature)

    @property
    def copied(self) -> list[str]:
        """Lines that could not be written without a longer copy than ``--max-copy`` by default."""
        return self._search.copied

    def check(self, prefix: str) -> None:
        """OptionError if the prefix breaks the form already."""
        self._tracker.start(normalise_prompt(self._vocabulary, prefix), self._config.length)

    def stream(
        self, prefix: str, *, seed: int, samples: Sequence[int], openings: set[str] | None = None
    ) -> Iterator[list[str]]:
        """Songs ``samples`` of a seed, side by side: lists of the new characters of each, without the prefix.

        ``openings``: the pairs of characters in the first lines of other songs, which these songs avoid.

        Raises
        ------
        OptionError
            The prefix breaks the form already.
        UnsatisfiableError
            No song was found that satisfies all constraints.
        """
        rngs = [song_rng(seed, sample) for sample in samples]
        if self._is_plain:
            yield from write(self._decoder, self._vocabulary, prefix, self._config, rngs)
            return
        start = self._space.start(prefix, self._length)
        if self._words:
            yield [self.shown(song) for song in self._words.write(start, rngs, prefix)]
            return
        for new in self._search.write([start] * len(rngs), rngs, openings):
            yield [self.shown(piece) for piece in new]

    def session(self, prefix: str, *, seed: int) -> Session:
        """A song after ``prefix`` that a person and the model write in turns; OptionError as for ``stream``."""
        start = self._space.start(prefix, self._config.length)
        return Session(self._space, self._search, start=start, rng=song_rng(seed, 0))

    def shown(self, text: str) -> str:
        """A text as it is printed. If the model ends lines with spaces, the lines of a form become real lines."""
        return text if self._tracker.is_free else text.replace(self._tracker.line_end, "\n")

    def songs(self, prefix: str, *, seed: int, samples: int) -> Iterator[str]:
        """``samples`` whole songs, each with the prefix; errors as for ``stream``.

        The first one is that of ``samples=1``, bit for bit. It is written alone, because a product of matrices rounds
        one row otherwise than many. Later songs avoid the first lines of earlier ones, if there are drafts.
        """
        openings: set[str] = set()
        for numbers in self._groups(samples):
            songs = [prefix] * len(numbers)
            for pieces in self.stream(prefix, seed=seed, samples=numbers, openings=openings):
                songs = [song + piece for song, piece in zip(songs, pieces)]
            yield from songs

    def _groups(self, samples: int) -> Iterator[range]:
        """The numbers of the songs that are written side by side."""
        yield range(min(samples, 1))
        at_once = AT_ONCE if self._is_plain else max(1, AT_ONCE // max(self._config.drafts, 4))
        for first in range(1, samples, at_once):
            yield range(first, min(first + at_once, samples))


def _blank_lines(text: Ids | None, line_end: int) -> int:
    """How many blank lines end a song in a text of ids: see ``lyricgen.text.songs.separator_of``."""
    ends = np.zeros(0, bool) if text is None else text == line_end
    return 1 + bool((ends[:-2] & ends[1:-1] & ends[2:]).any())


def write_songs(
    decoder: Decoder, vocabulary: Vocabulary, prefix: str, config: SampleConfig, *, seed: int, samples: int
) -> Iterator[str]:
    """``samples`` whole songs without a form."""
    return Writer(decoder, vocabulary, config).songs(prefix, seed=seed, samples=samples)
