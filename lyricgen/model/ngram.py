"""The n-gram model: interpolated modified Kneser-Ney over characters (Chen & Goodman 1999, section 3).

    p_k(w | c) = max(a(cw) - D(a(cw)), 0) / S(c)  +  backoff(c) · p_{k-1}(w | c without its first character)

a(cw) counts how often ``cw`` stands in the text for the highest order; for the lower ones, in how many different ways
it goes on to the left (the text's beginning is one). S(c) = Σ_w a(cw), and backoff(c) is what the discounts D took
away, over S(c). Below the first order there is only the unknown character: what discounting takes from all characters
seen is the share of those never seen.

All n-grams are one trie: a node of level k is an n-gram of k characters, its children the n-grams one longer, sorted. A
context of k characters is a node of level k, so that a step through the text is one search a level.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lyricgen.errors import FileError
from lyricgen.model.decoder import CHUNK
from lyricgen.model.parameters import Floats
from lyricgen.model.probability import TINY
from lyricgen.text.vocabulary import UNKNOWN, Ids

Nodes = NDArray[np.int64]
PREFIX = "ngram."  # of every tensor's name
_UNSEEN = -1
AT_ONCE = 1 << 16
# The discounts of a text that is too small or too regular to estimate them: halfway to the next lower count.
_DISCOUNTS = np.array([0.0, 0.5, 1.0, 1.5])


class Level(NamedTuple):
    """The n-grams of one length k and the contexts they follow, which are the nodes of level k - 1."""

    first: Nodes  # (contexts + 1,): where a context's n-grams begin, the last one's end
    characters: Ids  # (n-grams,): the last character of each
    discounted: Floats  # (n-grams,): the first term of the formula
    backoff: Floats  # (contexts,)


def estimate(ids: Ids, order: int, size: int) -> dict[str, NDArray[Any]]:
    """Estimate the tensors of a model of that order, V = ``size``, for a text (T,)."""
    text = ids.astype(np.int64)
    grams, contexts = _count(text, np.zeros(len(text), np.int64), size), 1
    tensors: dict[str, NDArray[Any]] = {}
    for k in range(1, order + 1):
        counts = grams.counts
        if k < order:
            longer = _count(text, np.append(_UNSEEN, grams.nodes[:-1]), size)
            counts = _continuations(grams, longer, k)
        tensors.update(_name(k, _discount(grams.keys, counts, contexts, size)))
        contexts = len(grams.keys)
        if k < order:
            grams = longer
    return tensors


class _Grams(NamedTuple):
    """The different n-grams of a text (T,)."""

    keys: Nodes  # sorted: the context's node · V + last character
    counts: Nodes
    ends: Nodes  # where each ends first
    nodes: Nodes  # (T,): the one that ends there, -1 where the text is too young for one


def _count(text: Nodes, contexts: Nodes, size: int) -> _Grams:
    """Count n-grams; ``contexts`` (T,): the node of the context before each character."""
    positions = np.flatnonzero(contexts >= 0)
    grams = np.unique(
        contexts[positions] * size + text[positions], return_index=True, return_inverse=True, return_counts=True
    )
    keys, index, inverse, counts = grams
    nodes = np.full(len(text), _UNSEEN)
    nodes[positions] = inverse.reshape(-1)
    return _Grams(keys, counts, positions[index], nodes)


def _continuations(grams: _Grams, longer: _Grams, k: int) -> Nodes:
    """Count the different characters (or the text's beginning) before each n-gram."""
    counts = np.bincount(grams.nodes[longer.ends], minlength=len(grams.keys))
    counts[grams.nodes[k - 1 : k]] += 1  # the text's beginning
    return counts


def _discount(keys: Nodes, counts: Nodes, contexts: int, size: int) -> Level:
    parents = keys // size
    first = np.searchsorted(parents, np.arange(contexts + 1))
    discounts = _discounts(counts)[np.minimum(counts, 3)]
    totals = np.bincount(parents, weights=counts, minlength=contexts)
    taken = np.bincount(parents, weights=discounts, minlength=contexts)
    backoff = np.divide(taken, totals, out=np.ones(contexts), where=totals > 0)
    discounted = (counts - discounts) / totals[parents]
    characters = (keys % size).astype(np.min_scalar_type(size))
    return Level(first, characters, discounted.astype(np.float32), backoff.astype(np.float32))


def _discounts(counts: Nodes) -> NDArray[np.float64]:
    """D(0), D(1), D(2), D(3+): Chen & Goodman 1999, equation 26."""
    n1, n2, n3, n4 = (int(np.count_nonzero(counts == n)) for n in range(1, 5))
    if not (n1 and n2 and n3 and n4):
        return _DISCOUNTS
    y = n1 / (n1 + 2 * n2)
    discounts = np.array([0.0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3])
    sound = np.all(discounts[1:] > 0) and np.all(discounts[1:] < [1, 2, 3])
    return discounts if sound else _DISCOUNTS


def _name(k: int, level: Level) -> dict[str, NDArray[Any]]:
    return {f"{PREFIX}{k}.{name}": tensor for name, tensor in level._asdict().items()}


def _level(tensors: Mapping[str, NDArray[Any]], k: int) -> Level:
    return Level(*(tensors[f"{PREFIX}{k}.{name}"] for name in Level._fields))


def levels_of(tensors: Mapping[str, NDArray[Any]], order: int, size: int) -> list[Level]:
    """Return the levels in these tensors; FileError if they do not fit together."""
    levels, contexts = [], 1
    for k in range(1, order + 1):
        try:
            level = _level(tensors, k)
        except KeyError as error:
            raise FileError(f"is a damaged checkpoint: its tensor {error.args[0]} is missing") from error
        if not _fits(level, contexts, size):
            raise FileError(f"is a damaged checkpoint: its {k}-grams do not fit together")
        levels.append(level)
        contexts = len(level.characters)
    if len(tensors) != order * len(Level._fields):
        raise FileError("is a damaged checkpoint: it has tensors that no model of its kind has")
    return levels


def _fits(level: Level, contexts: int, size: int) -> bool:
    first, characters, discounted, backoff = level
    count = len(characters) if characters.ndim == 1 else -1
    if first.dtype != np.int64 or characters.dtype.kind != "u" or {discounted.dtype, backoff.dtype} != {np.dtype("f4")}:
        return False
    if (first.shape, discounted.shape, backoff.shape) != ((contexts + 1,), (count,), (contexts,)):
        return False
    if first[0] != 0 or first[-1] != count or np.any(first[1:] < first[:-1]):
        return False
    if count and int(characters.max()) >= size:
        return False
    rising = np.diff(_keys(level, size)) > 0
    return bool(np.all(rising) and _are_probabilities(discounted) and _are_probabilities(backoff))


def _are_probabilities(values: Floats) -> bool:
    return not len(values) or bool(values.min() >= 0 and values.max() <= 1.0001)


def _keys(level: Level, size: int) -> Nodes:
    parents = np.repeat(np.arange(len(level.first) - 1), np.diff(level.first))
    keys: Nodes = parents * size + level.characters
    return keys


class NGram:
    """The model as a decoder; ``tensors`` are those of ``estimate``, or were checked by ``levels_of``.

    Its state (N, order) holds the node of the last 0, 1, ... order - 1 characters, -1 where no such n-gram was seen.
    """

    def __init__(self, tensors: Mapping[str, NDArray[Any]], order: int, size: int) -> None:
        self._levels = [_level(tensors, k) for k in range(1, order + 1)]
        self._keys = [_keys(level, size) for level in self._levels]
        self._size = size
        self._unigrams = np.zeros(size)
        self._unigrams[self._levels[0].characters] = self._levels[0].discounted
        self._unigrams[UNKNOWN] += self._levels[0].backoff[0]
        self._unigrams_single = self._unigrams.astype(np.float32)

    def initial_state(self, batch_size: int = 1) -> Nodes:
        """Return the state before any text: the empty context alone."""
        state = np.full((batch_size, len(self._levels)), _UNSEEN)
        state[:, 0] = 0
        return state

    def select(self, state: Nodes, rows: NDArray[np.intp]) -> Nodes:
        """Return the state of the songs ``rows``."""
        return state[rows]

    def join(self, states: Sequence[Nodes]) -> Nodes:
        """Join the states of several groups of songs into that of one."""
        return np.concatenate(states)

    def step(self, ids: Ids, state: Nodes) -> tuple[Floats, Nodes]:
        """ids (N,), state -> ln p (N, V) of what follows, state after them."""
        state = self._follow(ids[None], state)[0]
        return self._logits(state), state

    def logit_chunks(self, ids: Ids) -> Iterator[Floats]:
        """ln p (T', V) of the characters of a text (T,) after the first, some at a time."""
        state = self.initial_state(1)
        for first in range(0, len(ids) - 1, CHUNK):
            after = self._follow(ids[first : min(first + CHUNK, len(ids) - 1), None], state)[:, 0]
            yield self._logits(after)
            state = after[-1:]

    def probabilities(self, ids: Ids) -> NDArray[np.float64]:
        """Return the probability of every character of a text (T,) after the first: (T - 1,)."""
        parts, state = [], self.initial_state(1)
        for first in range(0, len(ids) - 1, AT_ONCE):
            chunk = ids[first : first + AT_ONCE + 1]
            after = self._follow(chunk[:-1, None], state)[:, 0]
            parts.append(self._of_next(after, chunk[1:]))
            state = after[-1:]
        return np.concatenate(parts)

    def _follow(self, ids: Ids, state: Nodes) -> Nodes:
        """ids (T, N), state before them -> states (T, N, order) after each."""
        states = np.empty((*ids.shape, state.shape[1]), np.int64)
        states[:, :, 0] = 0
        for k in range(1, state.shape[1]):
            before = np.concatenate([state[None, :, k - 1], states[:-1, :, k - 1]])
            states[:, :, k] = self._child(k, before, ids)
        return states

    def _child(self, k: int, contexts: Nodes, ids: Ids) -> Nodes:
        """Return the n-gram of level k of a context and a character, -1 if the text has none."""
        keys = self._keys[k - 1]
        wanted = contexts * self._size + ids
        nodes = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        known = (contexts >= 0) & (keys[nodes] == wanted) if len(keys) else np.zeros(ids.shape, bool)
        return np.where(known, nodes, _UNSEEN)

    def _shares(self, state: Nodes) -> NDArray[np.float64]:
        """Return the share of each level: the product of the backoffs of longer contexts, (N, order)."""
        shares = np.ones(state.shape)
        for k in range(state.shape[1] - 1, 0, -1):
            known = np.flatnonzero(state[:, k] >= 0)
            shares[:, k - 1] = shares[:, k]
            shares[known, k - 1] *= self._levels[k].backoff[state[known, k]]
        return shares

    def _logits(self, state: Nodes) -> Floats:
        """ln p (N, V) after contexts (N, order)."""
        distribution = self._distribution(state)
        np.maximum(distribution, TINY, out=distribution)
        return np.log(distribution, out=distribution)

    def _distribution(self, state: Nodes) -> Floats:
        """p (N, V) after contexts (N, order)."""
        shares = self._shares(state)
        probabilities = shares[:, :1].astype(np.float32) * self._unigrams_single
        for k in range(1, state.shape[1]):
            rows = np.flatnonzero(state[:, k] >= 0)
            first, characters, discounted, _ = self._levels[k]
            begins = first[state[rows, k]]
            counts = first[state[rows, k] + 1] - begins
            rows = np.repeat(rows, counts)
            nodes = np.repeat(begins - np.cumsum(counts) + counts, counts) + np.arange(len(rows))
            probabilities[rows, characters[nodes]] += shares[rows, k] * discounted[nodes]
        return probabilities

    def _of_next(self, states: Nodes, ids: Ids) -> NDArray[np.float64]:
        """p (T,) of ``ids`` (T,) after contexts (T, order), without the rest of the distribution."""
        shares = self._shares(states)
        total = shares[:, 0] * self._unigrams[ids]
        for k in range(1, states.shape[1]):
            nodes = self._child(k + 1, states[:, k], ids)
            known = nodes >= 0
            discounted = self._levels[k].discounted
            total[known] += shares[known, k] * discounted[nodes[known]]
        return total
