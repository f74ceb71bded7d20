"""A recurrent network in NumPy, as a decoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lyricgen.config import ModelConfig
from lyricgen.model.cells import TILES, Cell, cell_of, times
from lyricgen.model.parameters import Floats, Parameters, initial_state, output_weight
from lyricgen.model.probability import probabilities_of
from lyricgen.text.vocabulary import Ids

_AT_ONCE = 512  # characters scored at once: their logits take V times as much
BLOCKS = (*TILES, 32, 64, 256)  # and at most, where each row gets the same bits


class Layer(NamedTuple):
    input_weight: Floats  # (D or H, G·H)
    input_bias: Floats
    hidden_weight: Floats  # (H, G·H)
    hidden_bias: Floats


class States:
    """Songs side by side, their states in one array (L, S, N, H)."""

    config: ModelConfig

    def initial_state(self, batch_size: int = 1) -> Floats:
        """Zero state (L, S, N, H)."""
        return initial_state(self.config, batch_size)

    def select(self, state: Floats, rows: NDArray[np.intp]) -> Floats:
        """The state of those songs."""
        selected: Floats = state[:, :, rows]
        return selected

    def join(self, states: Sequence[Floats]) -> Floats:
        """The states of several groups of songs as that of one."""
        return np.concatenate(states, axis=2)


class Recurrent(States):
    """The whole network in NumPy: (ids, state) -> (logits, state)."""

    def __init__(self, config: ModelConfig, parameters: Parameters) -> None:
        self.config = config
        self._cell = cell_of(config)
        self._embedding = parameters["embedding.weight"]
        self._layers = [layer_of(parameters, f"layers.{layer}") for layer in range(config.layers)]
        self._output = output_weight(config, parameters).T
        self._output_bias = parameters["output.bias"]
        self._tile, self._together = 0, dict[int, bool]()

    def hidden(self, ids: Ids, state: Floats) -> tuple[Floats, Floats]:
        """ids (T, N), state (L, S, N, H) -> the last layer's hidden states (T, N, H), state after T steps."""
        return unroll(self._cell, self._layers, self._embedding[ids], state)

    def logits(self, hidden: Floats) -> Floats:
        """Hidden states (..., H) -> logits (..., V)."""
        return hidden @ self._output + self._output_bias

    def step(self, ids: Ids, state: Floats) -> tuple[Floats, Floats]:
        """ids (N,), state (L, S, N, H) -> logits (N, V) for what follows, state after them.

        The first song's figures are the same to the last bit whatever is beside it, since a draw may hang on that bit.
        So songs are multiplied in tiles of one size, or all together where this machine gives each row the same bits.
        """
        if not self._tile:
            self._tile = next((tile for tile in TILES if self._alike(64, tile)), TILES[-1])
        logits, states, at = [], [], 0
        while at < len(ids):
            size = self._block(len(ids) - at)
            part = state[:, :, at : at + size]
            count = part.shape[2]
            if count < size:
                part = np.concatenate([part, np.zeros((*part.shape[:2], size - count, part.shape[3]), part.dtype)], 2)
            found, after = self._step(np.resize(ids[at : at + size], size), part)
            logits.append(found[:count])
            states.append(after[:, :, :count])
            at += size
        return (logits[0], states[0]) if len(logits) == 1 else (np.concatenate(logits), np.concatenate(states, axis=2))

    def _block(self, count: int) -> int:
        """How many songs to multiply together when there are that many left."""
        size = BLOCKS[-1] if count >= BLOCKS[-1] else next(size for size in BLOCKS if size >= min(count, BLOCKS[-2]))
        if size <= self._tile:
            return self._tile
        if size not in self._together:
            self._together[size] = self._alike(size, self._tile)
        return size if self._together[size] else self._tile

    def _step(self, ids: Ids, state: Floats) -> tuple[Floats, Floats]:
        x, states = self._embedding[ids], []
        for layer, old in zip(self._layers, state):
            gates = times(x, layer.input_weight) + layer.input_bias
            new = self._cell(gates, old, layer.hidden_weight, layer.hidden_bias)
            states.append(new)
            x = new[0]
        return times(x, self._output) + self._output_bias, np.stack(states)

    def _alike(self, count: int, tile: int) -> bool:
        """Whether ``count`` rows together get the bits that they get in tiles, tried with numbers as good as any."""
        rng = np.random.default_rng(0)
        ids, shape = rng.integers(len(self._embedding), size=count), initial_state(self.config, count).shape
        state = rng.uniform(-1, 1, shape).astype(np.float32)
        logits, after = self._step(ids, state)
        for at in range(0, count, tile):
            found, states = self._step(ids[at : at + tile], state[:, :, at : at + tile])
            if not (
                np.array_equal(found, logits[at : at + tile]) and np.array_equal(states, after[:, :, at : at + tile])
            ):
                return False
        return True

    def probabilities(self, ids: Ids) -> NDArray[np.float64]:
        """The probability of every character of a text (T,) after the first: (T - 1,)."""
        parts, state = [], self.initial_state(1)
        for first in range(0, len(ids) - 1, _AT_ONCE):
            chunk = ids[first : first + _AT_ONCE + 1]
            hidden, state = self.hidden(chunk[:-1, None], state)
            parts.append(probabilities_of(self.logits(hidden[:, 0]), chunk[1:]))
        return np.concatenate(parts)


def layer_of(parameters: Parameters, name: str) -> Layer:
    return Layer(*(parameters[f"{name}.{part}"].T for part in Layer._fields))


def unroll(cell: Cell, layers: Sequence[Layer], x: Floats, state: Floats) -> tuple[Floats, Floats]:
    """x (T, N, D), state (L, S, N, H) -> the last layer's hidden states (T, N, H), state after T steps."""
    states = []
    for layer, old in zip(layers, state):
        gates, outputs = x @ layer.input_weight + layer.input_bias, []  # (T, N, G·H), all steps in one product
        for gate in gates:
            old = cell(gate, old, layer.hidden_weight, layer.hidden_bias)
            outputs.append(old[0])
        x = np.stack(outputs)
        states.append(old)
    return x, np.stack(states)
