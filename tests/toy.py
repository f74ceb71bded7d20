"""A model small enough to enumerate: eleven characters, each drawn by the one before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from forms import configs

from lyricgen.text.vocabulary import Ids, Vocabulary
from lyricgen.writing.generation import Writer

# Each has one reading: an an ian | ia ia ua | uang iang iang.
VOCABULARY = Vocabulary("".join(sorted("\n安班天佳加花光香乡")))
COUNTED = [character for character in VOCABULARY.characters if character != "\n"]
FINALS = dict(zip("安班天佳加花光香乡", ["an", "an", "ian", "ia", "ia", "ua", "uang", "iang", "iang"]))
GROUPS = {"an": 1, "ian": 1, "ia": 2, "ua": 2, "uang": 3, "iang": 3}


class Markov:
    """p(x | c) from a table of logits (V, V); the state (N,) is the last character."""

    def __init__(self, table: Any) -> None:
        self.table = np.asarray(table, np.float32)

    def initial_state(self, batch_size: int = 1) -> Ids:
        return np.zeros(batch_size, np.int64)

    def select(self, state: Ids, rows: Any) -> Ids:
        return state[rows]

    def join(self, states: Sequence[Ids]) -> Ids:
        return np.concatenate(states)

    def step(self, ids: Ids, state: Ids) -> tuple[Any, Ids]:
        return self.table[ids].copy(), np.asarray(ids, np.int64)

    def probabilities(self, ids: Ids) -> Any:
        weights = np.exp(self.table.astype(np.float64))
        return (weights / weights.sum(axis=1, keepdims=True))[ids[:-1], ids[1:]]


def random_table(seed: int = 3, spread: float = 1.5) -> Any:
    return np.random.default_rng(seed).normal(0, spread, (len(VOCABULARY),) * 2)


def writer(table: Any, **options: Any) -> Writer:
    return Writer(Markov(table), VOCABULARY, *configs(options))


def id_of(character: str) -> int:
    return int(VOCABULARY.encode(character)[0])


Follow = Callable[[str], Mapping[str, float]]


def enumerate_songs(follow: Follow, song: str = "", probability: float = 1.0) -> Iterator[tuple[str, float]]:
    """Every song with its probability; ``follow`` gives that of each next character, nothing where a song ends."""
    after = follow(song)
    if not after:
        yield song, probability
    for character, share in after.items():
        if share > 0:
            yield from enumerate_songs(follow, song + character, probability * share)


def assert_distribution(songs: Sequence[str], exact: Mapping[str, float]) -> None:
    """Pearson's chi-squared test, far beyond any chance: songs that are rarer than five times count together."""
    assert set(songs) <= set(exact), f"impossible: {sorted(set(songs) - set(exact))[:3]}"
    assert sum(exact.values()) == 1 or abs(sum(exact.values()) - 1) < 1e-9
    counts = dict.fromkeys(exact, 0)
    for song in songs:
        counts[song] += 1
    common = [song for song, probability in exact.items() if probability * len(songs) >= 5]
    expected = np.array([exact[song] * len(songs) for song in common])
    observed = np.array([counts[song] for song in common])
    rest = len(songs) - expected.sum()
    statistic = ((observed - expected) ** 2 / expected).sum()
    if rest >= 5:
        statistic += (len(songs) - observed.sum() - rest) ** 2 / rest
    limit = len(common) + 6 * np.sqrt(2 * len(common)) + 8
    assert statistic < limit, f"chi-squared {statistic:.0f} with {len(common)} degrees of freedom"
