"""What happens within each step of a layer: how far its gates open, and how a gradient goes back through it.

All T steps lie side by side. A gradient has a row for each of the steps that it goes back through, so that those of
many predictions are computed at once. The equations are those of ``lyricgen.model.cells``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lyricgen.config import ModelConfig
from lyricgen.model.cells import sigmoid
from lyricgen.model.recurrent import Layer

Array = NDArray[np.floating[Any]]


class Steps(ABC):
    """The T steps of a layer, each with the state (S, H) that it begins with."""

    keeps = ""  # the gate whose opening is the share of the old state that stays

    def __init__(self, layer: Layer, x: Array, before: Array, after: Array) -> None:
        """x (T, D) is what the layer reads; ``before`` and ``after`` (T, S, H) are its states."""
        self._before, self._after = before, after
        self._input_weight, self._weight = layer.input_weight, layer.hidden_weight
        self._input = x @ layer.input_weight + layer.input_bias  # (T, G·H)
        self._bias = layer.hidden_bias
        self._open()

    @abstractmethod
    def _open(self) -> None:
        """Compute the gates."""

    @abstractmethod
    def prepare(self) -> None:
        """Compute what ``back`` multiplies with."""

    @abstractmethod
    def gates(self) -> dict[str, Array]:
        """How far each gate opens, 0 to 1 (T, H); none of a cell without gates."""

    @abstractmethod
    def back(self, by_state: Array, steps: slice) -> tuple[Array, Array]:
        """The gradient by states after some steps (R, S, H) -> that by their inputs (R, D) and by the states before.

        Row r belongs to the r-th of the steps.
        """

    def no_gradient(self, rows: int) -> Array:
        """Zeros (R, S, H)."""
        return np.zeros((rows, *self._before.shape[1:]), self._before.dtype)

    def _by_input(self, by_gates: Array) -> Array:
        product: Array = by_gates @ self._input_weight.T
        return product


class Rnn(Steps):
    """H' = tanh(X + H W_hh + b_h)."""

    def _open(self) -> None:
        """It has none."""

    def prepare(self) -> None:
        self._slope = 1 - self._after[:, 0] ** 2

    def gates(self) -> dict[str, Array]:
        return {}

    def back(self, by_state: Array, steps: slice) -> tuple[Array, Array]:
        by_gates = by_state[:, 0] * self._slope[steps]
        return self._by_input(by_gates), (by_gates @ self._weight.T)[:, None]


class Gru(Steps):
    """R, Z = σ(·); H' = Z ∘ H + (1 - Z) ∘ H~."""

    keeps = "update"

    def _open(self) -> None:
        size, hidden = self._before.shape[-1], self._before[:, 0]
        two = 2 * size
        opened = sigmoid(self._input[:, :two] + hidden @ self._weight[:, :two] + self._bias[:two])
        self._reset, self._update = opened[:, :size], opened[:, size:]

    def prepare(self) -> None:
        hidden = self._before[:, 0]
        candidate = np.tanh(self._read(hidden))
        self._by_update = (hidden - candidate) * self._update * (1 - self._update)
        self._by_candidate = (1 - self._update) * (1 - candidate**2)
        self._by_reset = self._let_through(hidden) * self._reset * (1 - self._reset)

    @abstractmethod
    def _read(self, hidden: Array) -> Array:
        """What the candidate is the tanh of (T, H)."""

    @abstractmethod
    def _let_through(self, hidden: Array) -> Array:
        """What the reset gate is a factor of (T, H)."""

    def gates(self) -> dict[str, Array]:
        return {"reset": self._reset, "update": self._update}


class GruAfter(Gru):
    """H~ = tanh(X + R ∘ (H W_hh + b_h))."""

    def _read(self, hidden: Array) -> Array:
        read: Array = self._input[:, 2 * hidden.shape[1] :] + self._reset * self._let_through(hidden)
        return read

    def _let_through(self, hidden: Array) -> Array:
        two = 2 * hidden.shape[1]
        product: Array = hidden @ self._weight[:, two:] + self._bias[two:]
        return product

    def back(self, by_state: Array, steps: slice) -> tuple[Array, Array]:
        above = by_state[:, 0]
        by_candidate = above * self._by_candidate[steps]
        by_open = [by_candidate * self._by_reset[steps], above * self._by_update[steps]]
        by_product = np.concatenate([*by_open, by_candidate * self._reset[steps]], axis=1)
        before = above * self._update[steps] + by_product @ self._weight.T
        return self._by_input(np.concatenate([*by_open, by_candidate], axis=1)), before[:, None]


class GruBefore(Gru):
    """H~ = tanh(X + (R ∘ H) W_hh + b_h)."""

    def _read(self, hidden: Array) -> Array:
        two = 2 * hidden.shape[1]
        read: Array = self._input[:, two:] + (self._reset * hidden) @ self._weight[:, two:] + self._bias[two:]
        return read

    def _let_through(self, hidden: Array) -> Array:
        return hidden

    def back(self, by_state: Array, steps: slice) -> tuple[Array, Array]:
        above, two = by_state[:, 0], 2 * by_state.shape[2]
        by_candidate = above * self._by_candidate[steps]
        through = by_candidate @ self._weight[:, two:].T
        by_open = np.concatenate([through * self._by_reset[steps], above * self._by_update[steps]], axis=1)
        before = above * self._update[steps] + through * self._reset[steps] + by_open @ self._weight[:, :two].T
        return self._by_input(np.concatenate([by_open, by_candidate], axis=1)), before[:, None]


class Lstm(Steps):
    """I, F, O = σ(·); C' = F ∘ C + I ∘ C~; H' = O ∘ tanh(C'), gates in the order I, F, C~, O."""

    keeps = "forget"

    def _open(self) -> None:
        before = self._before[:, 0]
        entry, forget, self._candidate, output = np.split(self._input + before @ self._weight + self._bias, 4, axis=1)
        self._gates = {"input": sigmoid(entry), "forget": sigmoid(forget), "output": sigmoid(output)}

    def prepare(self) -> None:
        entry, forget, output = self._gates.values()
        candidate, memory, shown = np.tanh(self._candidate), self._before[:, 1], np.tanh(self._after[:, 1])
        self._by_memory = np.stack(
            [candidate * entry * (1 - entry), memory * forget * (1 - forget), entry * (1 - candidate**2)], axis=1
        )
        self._by_output = shown * output * (1 - output)
        self._through = output * (1 - shown**2)

    def gates(self) -> dict[str, Array]:
        return self._gates

    def back(self, by_state: Array, steps: slice) -> tuple[Array, Array]:
        above, memory = by_state[:, 0], by_state[:, 1] + by_state[:, 0] * self._through[steps]
        by_memory = (self._by_memory[steps] * memory[:, None]).reshape(len(memory), -1)
        by_gates = np.concatenate([by_memory, above * self._by_output[steps]], axis=1)
        before = np.stack([by_gates @ self._weight.T, memory * self._gates["forget"][steps]], axis=1)
        return self._by_input(by_gates), before


def steps_of(config: ModelConfig) -> type[Steps]:
    """The steps of the configured cell."""
    if config.cell == "gru":
        return {"after": GruAfter, "before": GruBefore}[config.gru_reset]
    return {"rnn": Rnn, "lstm": Lstm}[config.cell]
