"""A network reads a text with the recurrences of the NumPy engine; every state, gate and gradient on the way is kept.

All is in single precision. Gradients go back through windows: a prediction is a column, the steps before it are rows.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np

from lyricgen.config import ModelConfig
from lyricgen.engine.numpy.recurrence import Recurrence, recurrence_of
from lyricgen.model.parameters import STATES, Floats, Parameters, output_weight, stacks
from lyricgen.text.vocabulary import Ids

NUMBERS_AT_ONCE = 25_000_000  # of a layer's gates in all windows that go back together: 100 MB


class TracedLayer(NamedTuple):
    """A layer that has read a text: its weights, its recurrence, and its states (T, S, H) after each step."""

    input_weight: Floats  # (G·H, D)
    recurrence: Recurrence
    after: Floats

    def gates(self) -> dict[str, Floats]:
        """Return how far each gate opens, 0 to 1 (T, H); empty for a cell without gates."""
        return {name: opened[:, :, 0] for name, opened in self.recurrence.gates().items()}


@dataclasses.dataclass(frozen=True, eq=False)
class Weights:
    """The weights of a network, those of the recurrences scaled."""

    config: ModelConfig
    parameters: Parameters
    scale: float = 1.0

    @property
    def output(self) -> Floats:
        """(V, H), or (V, 2H) of two stacks."""
        return output_weight(self.config, self.parameters)

    def traces(self, ids: Ids) -> tuple[Trace, ...]:
        """Let every stack read a text (T,): the forward one from its beginning, a backward one from its end."""
        x = self.parameters["embedding.weight"][ids]
        return tuple(self._read(stack, part) for stack, part in zip(stacks(self.config), (x, x[::-1])))

    def _read(self, stack: str, x: Floats) -> Trace:
        config, layers, parameters = self.config, list[TracedLayer](), self.parameters
        for layer in range(config.layers):
            name = f"{stack}.{layer}"
            weight = parameters[f"{name}.hidden_weight"] * np.float32(self.scale)
            recurrence = recurrence_of(config)(weight, parameters[f"{name}.hidden_bias"])
            input_weight = parameters[f"{name}.input_weight"]
            gates = x @ input_weight.T + parameters[f"{name}.input_bias"]
            zero = np.zeros((STATES[config.cell], config.hidden, 1), np.float32)
            recurrence.forward(np.ascontiguousarray(gates[:, :, None]), zero)
            layers.append(TracedLayer(input_weight, recurrence, recurrence.states_after()))
            x = layers[-1].after[:, 0]
        return Trace(config, tuple(layers))


@dataclasses.dataclass(frozen=True, eq=False)
class Trace:
    """A stack of layers that has read a text, from a zero state, in its own direction."""

    config: ModelConfig
    layers: tuple[TracedLayer, ...]

    @property
    def hidden(self) -> Floats:
        """The last layer's hidden states (T, H)."""
        return self.layers[-1].after[:, 0]

    def norms_back(self, above: Floats, depth: int, *, first: int = 0) -> tuple[Floats, Floats]:
        """Follow gradients back through time (Werbos 1990): a row of ``above`` (R, H) for each prediction.

        Row r is the gradient by the last hidden state after step ``first`` + r. Returns norms (R, ``depth``), k steps
        before that: of the gradient by the states of all layers, and of the gradient by the first layer's input.
        Where there is no such step, they are 0.
        """
        rows = max(1, NUMBERS_AT_ONCE // (depth * len(self.layers[0].input_weight)))
        parts = [
            self._norms_of(above[begin : begin + rows], depth, first + begin) for begin in range(0, len(above), rows)
        ]
        by_state, by_input = (np.concatenate(norms) for norms in zip(*parts))
        return by_state, by_input

    def _norms_of(self, above: Floats, depth: int, first: int) -> tuple[Floats, Floats]:
        steps = first + np.arange(len(above)) + np.arange(1 - depth, 1)[:, None]  # (K, R), the prediction's step last
        gradients = np.zeros((depth, above.shape[1], len(above)), np.float32)
        gradients[-1] = above.T
        squares = np.zeros((depth, len(above)), np.float32)

        def observe(t: int, *by_state: Floats) -> None:
            squares[t] += sum(np.einsum("hr,hr->r", part, part) for part in by_state)

        for layer in reversed(self.layers):
            by_gates, _ = layer.recurrence.windows(steps).backward(gradients, observe)
            gradients = np.matmul(layer.input_weight.T, by_gates)  # by what the layer reads
        by_input = np.einsum("kdr,kdr->kr", gradients, gradients)
        by_state, by_read = (np.sqrt(np.where(steps < 0, 0, sums))[::-1].T for sums in (squares, by_input))
        return by_state, by_read
