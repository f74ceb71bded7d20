"""Which characters a song may go on with: those that its form wants, less what would repeat or copy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lyricgen.config import SampleConfig
from lyricgen.errors import OptionError
from lyricgen.model.decoder import Decoder
from lyricgen.model.parameters import Floats
from lyricgen.text.copies import CopyIndex
from lyricgen.text.vocabulary import UNKNOWN, Ids, Vocabulary
from lyricgen.writing.form.tracker import Place, Verse, Wanted
from lyricgen.writing.sampling import NEVER
from lyricgen.writing.search import repetition

NO_ID = -1  # before the text's beginning


class Batch(NamedTuple):
    """What the decoder says of N songs, and what they have said last."""

    logits: Floats  # (N, V)
    state: Any
    recent: Ids  # (N, W)


class Row(NamedTuple):
    """A song as far as it is written, or one of the ways in which it may go on."""

    place: Place
    batch: Batch
    at: int  # in the batch
    weight: float = 0.0  # of a particle: ln of the share of probability that was allowed; of a beam's: ln p


class Rules:
    """The form and the options that forbid characters, for one model."""

    def __init__(
        self, decoder: Decoder, vocabulary: Vocabulary, verse: Verse, config: SampleConfig, text: Ids | None
    ) -> None:
        if config.max_copy and text is None:
            raise OptionError("--max-copy: this checkpoint keeps no text; train it again with --keep-text")
        if config.beam and verse.drafts_rhymes:
            raise OptionError(
                "--beam: finds rhymes only in lines of a known length that end in Chinese; name --line-length or --form"
            )
        self.verse = verse
        self.id_to_char = vocabulary.id_to_char
        self.line_end = vocabulary.encode(verse.line_end)
        self._decoder = decoder
        self._vocabulary = vocabulary
        self._config = config
        self._index = CopyIndex(text, config.max_copy) if config.max_copy and text is not None else None
        self._window = max(repetition.WINDOW, config.max_copy)
        self.sung = verse.mask(("sung",))

    def encode(self, text: str) -> Ids:
        """Ids of a text."""
        return self._vocabulary.encode(text)

    def start(self, prefix: str, length: int | None, logits: Floats, state: Any) -> Row:
        """A song after its prefix (as the model was taught to read it), with what the decoder said of that."""
        place = self.verse.start(prefix, length)
        ids = self._vocabulary.encode(self.verse.line_end + prefix).astype(np.int64)
        recent = np.concatenate([np.full(self._window, NO_ID), ids])[None, -self._window :]
        return Row(place, Batch(logits, state, recent), 0)

    def step(self, rows: Sequence[Row], characters: Sequence[str]) -> list[Row]:
        """The rows after a character of each."""
        batch = gather(self._decoder, rows)
        ids = self._vocabulary.encode("".join(characters)).astype(np.int64)
        logits, state = self._decoder.step(ids, batch.state)
        after = Batch(logits, state, np.concatenate([batch.recent[:, 1:], ids[:, None]], axis=1))
        moves = enumerate(zip(rows, characters))
        return [Row(self.verse.after(row.place, c), after, at, row.weight) for at, (row, c) in moves]

    def apply(self, rows: Sequence[Row]) -> tuple[Floats, NDArray[np.bool_], list[Wanted]]:
        """Logits (N, V), which of them are allowed (N, V), and what the form wants of each row.

        Of a row whose character is forced, that one is allowed or none.
        """
        batch = gather(self._decoder, rows)
        wanted = [self.verse.wanted(row.place) for row in rows]
        logits = batch.logits.astype(np.float32)
        logits[:, UNKNOWN] = NEVER
        if self._config.repetition_penalty != 1:
            recent = batch.recent[:, -repetition.WINDOW :]
            logits = repetition.penalise(logits, recent, self.sung, self._config.repetition_penalty)
        keys = {mask: number for number, mask in enumerate(dict.fromkeys(each.mask for each in wanted))}
        table = np.stack([self.verse.mask(key) for key in keys])
        allowed = table[[keys[each.mask] for each in wanted]]
        for row, each in enumerate(wanted):
            if each.forced:
                allowed[row, self._vocabulary.encode(each.forced)] = True
            self._forbid(allowed[row], each, rows[row].place, batch.recent[row])
        return logits, allowed, wanted

    def _forbid(self, allowed: NDArray[np.bool_], wanted: Wanted, place: Place, recent: Ids) -> None:
        if wanted.without:
            allowed[self._vocabulary.encode("".join(wanted.without))] = False
        if self._config.no_repeat and not place.is_copy:
            repeated = repetition.would_repeat(place.lines, place.text, self._config.no_repeat)
            if self._config.no_repeat == 1 and not wanted.forced:
                repeated |= set(self.verse.form.acrostic[len(place.lines) :])
            allowed[self._vocabulary.encode("".join(repeated))] = False
        if self._index is not None:
            context = recent[-self._config.max_copy :]
            if context[0] != NO_ID:
                allowed[self._index.followers(context)] = False

    def alone(self, row: Row) -> Row:
        """The row without the others of its batch, to be kept."""
        return Row(row.place, _taken(self._decoder, row.batch, np.array([row.at])), 0)


def gather(decoder: Decoder, rows: Sequence[Row]) -> Batch:
    """The batch of these rows, in their order."""
    runs: list[tuple[Batch, list[int]]] = []
    for row in rows:
        if not runs or runs[-1][0] is not row.batch:
            runs.append((row.batch, []))
        runs[-1][1].append(row.at)
    parts = [_taken(decoder, batch, np.array(at)) for batch, at in runs]
    if len(parts) == 1:
        return parts[0]
    logits, states, recent = zip(*parts)
    return Batch(np.concatenate(logits), decoder.join(states), np.concatenate(recent))


def _taken(decoder: Decoder, batch: Batch, at: NDArray[np.intp]) -> Batch:
    if len(at) == len(batch.logits) and np.array_equal(at, np.arange(len(at))):
        return batch
    return Batch(batch.logits[at], decoder.select(batch.state, at), batch.recent[at])
