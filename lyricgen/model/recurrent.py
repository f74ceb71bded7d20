"""A recurrent network in NumPy, as a decoder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lyricgen.config import ModelConfig
from lyricgen.model.cells import Cell, cell_of, times
from lyricgen.model.decoder import CHUNK
from lyricgen.model.parameters import Floats, Parameters, initial_state, output_weight
from lyricgen.model.probability import probabilities_in_chunks
from lyricgen.text.vocabulary import Ids


class Layer(NamedTuple):
    """The parameters of one layer, ready for a product from the left."""

    input_weight: Floats  # (D or H, G·H)
    input_bias: Floats
    hidden_weight: Floats  # (H, G·H)
    hidden_bias: Floats


class States:
    """Songs side by side, their states in one array (L, S, N, H)."""

    config: ModelConfig

    def initial_state(self, batch_size: int = 1) -> Floats:
        """Return zeros (L, S, N, H)."""
        return initial_state(self.config, batch_size)

    def select(self, state: Floats, rows: NDArray[np.intp]) -> Floats:
        """Return the state of the songs ``rows``."""
        selected: Floats = state[:, :, rows]
        return selected

    def join(self, states: Sequence[Floats]) -> Floats:
        """Join the states of several groups of songs into that of one."""
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

    def hidden(self, ids: Ids, state: Floats) -> tuple[Floats, Floats]:
        """ids (T, N), state (L, S, N, H) -> the last layer's hidden states (T, N, H), state after T steps."""
        return unroll(self._cell, self._layers, self._embedding[ids], state)

    def logits(self, hidden: Floats) -> Floats:
        """Hidden states (..., H) -> logits (..., V)."""
        return hidden @ self._output + self._output_bias

    def step(self, ids: Ids, state: Floats) -> tuple[Floats, Floats]:
        """ids (N,), state (L, S, N, H) -> logits (N, V) for what follows, state after them."""
        x, states = self._embedding[ids], []
        for layer, old in zip(self._layers, state):
            gates = times(x, layer.input_weight) + layer.input_bias
            new = self._cell(gates, old, layer.hidden_weight, layer.hidden_bias)
            states.append(new)
            x = new[0]
        return times(x, self._output) + self._output_bias, np.stack(states)

    def logit_chunks(self, ids: Ids) -> Iterator[Floats]:
        """Logits (T', V) of the characters of a text (T,) after the first, some at a time."""
        state = self.initial_state(1)
        for first in range(0, len(ids) - 1, CHUNK):
            hidden, state = self.hidden(ids[first : min(first + CHUNK, len(ids) - 1), None], state)
            yield self.logits(hidden[:, 0])

    def probabilities(self, ids: Ids) -> NDArray[np.float64]:
        """Return the probability of every character of a text (T,) after the first: (T - 1,)."""
        return probabilities_in_chunks(self.logit_chunks(ids), ids)


def layer_of(parameters: Parameters, name: str) -> Layer:
    """Return the layer of a name of ``layer_names``."""
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
