"""A network reads a text, and every state on the way is kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from lyricgen.config import ModelConfig
from lyricgen.inspection.steps import Array, Steps, steps_of
from lyricgen.model.cells import cell_of
from lyricgen.model.parameters import STATES, Parameters, output_weight, stacks
from lyricgen.model.recurrent import Layer, layer_of
from lyricgen.text.vocabulary import Ids


@dataclasses.dataclass(frozen=True, eq=False)
class Weights:
    """The weights of a network in one precision: of each stack its layers, and of what comes before and after them."""

    config: ModelConfig
    embedding: Array  # (V, D)
    stacks: tuple[tuple[Layer, ...], ...]  # forward and, in a bidirectional network, backward
    output: Array  # (V, H), or (V, 2H) of two stacks
    output_bias: Array  # (V,)


def weights_of(config: ModelConfig, parameters: Parameters, *, scale: float = 1.0) -> Weights:
    """The weights in double precision; those of the recurrences ``scale`` times as large."""
    double = {name: each.astype(np.float64) for name, each in parameters.items()}
    for name in double:
        if name.endswith("hidden_weight"):
            double[name] *= scale
    layers: Any = double
    found = [tuple(layer_of(layers, f"{stack}.{layer}") for layer in range(config.layers)) for stack in stacks(config)]
    return Weights(
        config, double["embedding.weight"], tuple(found), output_weight(config, layers), double["output.bias"]
    )


class Read(NamedTuple):
    """What one layer read, and its states (T, S, H) before and after each step."""

    layer: Layer
    x: Array
    before: Array
    after: Array


@dataclasses.dataclass(frozen=True, eq=False)
class Trace:
    """A stack of layers that has read a text, from a zero state, in its own direction."""

    config: ModelConfig
    layers: tuple[Read, ...]

    @property
    def hidden(self) -> Array:
        """The last layer's hidden states (T, H)."""
        return self.layers[-1].after[:, 0]

    def steps(self, precision: type[np.floating[Any]] = np.float64) -> Iterator[Steps]:
        """The steps of each layer, to be looked into, computed in that precision."""
        kind = steps_of(self.config)
        for layer, *arrays in self.layers:
            single = Layer(*(weight.astype(precision, copy=False) for weight in layer))
            yield kind(single, *(each.astype(precision, copy=False) for each in arrays))

    def steps_back(self, precision: type[np.floating[Any]] = np.float64) -> list[Steps]:
        """The same, ready for ``gradients_back``."""
        found = list(self.steps(precision))
        for step in found:
            step.prepare()
        return found


def read(config: ModelConfig, layers: Sequence[Layer], x: Array) -> Trace:
    """A stack reads the embedded characters x (T, D)."""
    found, cell = [], cell_of(config)
    for layer in layers:
        states = np.zeros((len(x) + 1, STATES[config.cell], 1, config.hidden), x.dtype)
        gates: Any = (x @ layer.input_weight + layer.input_bias)[:, None]
        for t, gate in enumerate(gates):
            states[t + 1] = cell(gate, states[t], layer.hidden_weight, layer.hidden_bias)
        found.append(Read(layer, x, states[:-1, :, 0], states[1:, :, 0]))
        x = states[1:, 0, 0]
    return Trace(config, tuple(found))


def traces(weights: Weights, ids: Ids) -> tuple[Trace, ...]:
    """Every stack reads a text (T,): the forward one from its beginning; a backward one from its end."""
    x = weights.embedding[ids]
    return tuple(read(weights.config, layers, part) for layers, part in zip(weights.stacks, (x, x[::-1])))


def gradients_back(
    steps: Sequence[Steps], above: Array, depth: int, *, first: int = 0
) -> Iterator[tuple[list[Array], Array]]:
    """Back-propagation through time (Werbos 1990) of many predictions at once.

    ``above`` (R, H): row r is the gradient of something by the last layer's hidden state after step ``first`` + r.
    Yields, for k = 0, 1, ... ``depth`` - 1, the gradients by the states of each layer k steps before that (R, S, H),
    and by what the first layer reads in that step (R, D). Rows at the head that have no such step are gone. ``steps``
    are those of ``Trace.steps_back``.
    """
    carried = [step.no_gradient(len(above)) for step in steps]
    carried[-1][:, 0] = above
    last = first + len(above)
    for k in range(min(depth, last)):
        begin = max(first - k, 0)
        by_states = [each[len(each) - (last - k - begin) :] for each in carried]
        by_input = None
        for place in range(len(steps) - 1, -1, -1):
            if by_input is not None:
                by_states[place][:, 0] += by_input
            by_input, carried[place] = steps[place].back(by_states[place], slice(begin, last - k))
        assert by_input is not None
        yield by_states, by_input
