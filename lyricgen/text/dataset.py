"""Ids, vocabulary and splits, as ``lyricgen prepare`` leaves them on disk."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lyricgen import storage
from lyricgen.config import PrepareConfig, from_json
from lyricgen.errors import FileError
from lyricgen.text import corpus
from lyricgen.text.vocabulary import UNKNOWN, Census, Ids, Vocabulary

DEFAULT_FILE = "dataset.safetensors"
KIND = "dataset"
SPLITS = ("train", "valid", "test")


@dataclasses.dataclass(frozen=True)
class Dataset:
    """A text as ids, in the order it was read: first ``train``, then ``valid``, then ``test`` (the latter maybe empty).

    The vocabulary is that of the training part alone; what only the other parts have is unknown.
    """

    vocabulary: Vocabulary
    splits: Mapping[str, Ids]
    config: PrepareConfig
    sources: tuple[str, ...]
    fingerprint: str

    def __getattr__(self, name: str) -> Ids:
        if name in SPLITS:
            return self.splits[name]
        raise AttributeError(name)

    def __len__(self) -> int:
        return sum(map(len, self.splits.values()))

    def unknown_share(self, split: str) -> float:
        """The share of a split's characters that are unknown; 0 for an empty split."""
        ids = self.splits[split]
        return float(np.count_nonzero(ids == UNKNOWN) / len(ids)) if len(ids) else 0.0

    def save(self, path: Path) -> None:
        metadata = {
            "vocabulary": self.vocabulary.characters,
            "config": dataclasses.asdict(self.config),
            "sources": self.sources,
            "fingerprint": self.fingerprint,
        }
        storage.write(path, KIND, metadata, self.splits)


def load(path: Path) -> Dataset:
    """A dataset whose ids stay on disk, mapped into memory; FileError when it is damaged or of another kind."""
    stored = storage.read(path, KIND)
    try:
        metadata = stored.metadata
        vocabulary = Vocabulary.stored(metadata["vocabulary"])
        config = from_json(PrepareConfig, metadata["config"])
        splits = {name: stored.tensors[name] for name in SPLITS}
        sources, fingerprint = tuple(metadata["sources"]), str(metadata["fingerprint"])
    except (KeyError, TypeError, ValueError, UnicodeError) as error:
        raise FileError(f"{path}: is a damaged dataset; prepare it again") from error
    if any(ids.ndim != 1 or (len(ids) and ids.max() >= len(vocabulary)) for ids in splits.values()):
        raise FileError(f"{path}: is a damaged dataset, with ids beyond its vocabulary; prepare it again")
    return Dataset(vocabulary, splits, config, sources, fingerprint)


def prepare(sources: Sequence[str], config: PrepareConfig) -> Dataset:
    """Read sources (none: the embedded corpus) into a dataset.

    Raises
    ------
    FileError
        A source cannot be read, or the text is too short to learn from (less than two characters).
    """
    pieces = corpus.read(sources, encoding=config.encoding, newlines=config.newlines, max_chars=config.max_chars)
    return split(pieces, config, sources=sources)


def split(pieces: Iterable[str], config: PrepareConfig, *, sources: Sequence[str] = ()) -> Dataset:
    """Cut a text in order into training, validation and test part, and encode it."""
    census = Census()
    numbered = [census.number(piece) for piece in pieces]
    length = sum(map(len, numbered))
    valid, test = (int(length * share) for share in (config.valid_fraction, config.test_fraction))
    valid, test = (count if count >= 2 else 0 for count in (valid, test))  # one character predicts nothing
    train = length - valid - test
    if train < 2:
        raise FileError(f"{', '.join(sources) or corpus.EMBEDDED}: {length} characters are too few to learn from")
    counts = _count(numbered, train, len(census.codes))
    vocabulary = Vocabulary.of(census.codes[counts >= config.min_count])
    ids = _renumber(numbered, vocabulary.encode_codes(census.codes), length)
    parts = dict(zip(SPLITS, np.split(ids, [train, train + valid])))
    return Dataset(vocabulary, parts, config, tuple(sources), _fingerprint(vocabulary, parts))


def _count(numbered: Iterable[Ids], limit: int, size: int) -> NDArray[np.int64]:
    """How often each number stands among the first ``limit`` ones."""
    counts = np.zeros(size, np.int64)
    for numbers in numbered:
        counts += np.bincount(numbers[:limit], minlength=size)
        limit = max(0, limit - len(numbers))
    return counts


def _renumber(numbered: list[Ids], ids_of: Ids, length: int) -> Ids:
    """Glue the pieces, each number replaced by its id; the pieces are used up, to hold the text in memory once."""
    ids = np.empty(length, ids_of.dtype)
    while numbered:
        numbers = numbered.pop()
        ids[length - len(numbers) : length] = ids_of[numbers]
        length -= len(numbers)
    return ids


def _fingerprint(vocabulary: Vocabulary, splits: Mapping[str, Ids]) -> str:
    """A digest that two datasets share only when a training on one may go on with the other."""
    digest = hashlib.sha256(vocabulary.characters.encode())
    for name in SPLITS:
        digest.update(len(splits[name]).to_bytes(8, "little"))
        digest.update(splits[name].data)
    return digest.hexdigest()
