"""The names and shapes of all parameters of a network, the order of its gates, and where training begins.

Both halves stand on this module: ``engine`` lays its parameters out in this order and with these gates, which are
those of MXNet's fused ``RNN`` operator (and cuDNN's); the recurrent networks in NumPy compute with the same arrays.

Shape letters: T steps, N batch, D embedding, H hidden, V vocabulary, L layers, G gates, S states.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from lyricgen.config import ModelConfig

Floats = NDArray[np.float32]
Parameters = Mapping[str, Floats]

_EMBEDDING = 3.0  # of the usual bound
LARGEST = 1e15  # a weight; products of two or three, summed over all units, stay finite in single precision

GATES = {"rnn": 1, "gru": 3, "lstm": 4}
STATES = {"rnn": 1, "gru": 1, "lstm": 2}


def stacks(config: ModelConfig) -> tuple[str, ...]:
    """Return the stacks of layers: one that reads forward and, in a bidirectional network, one that reads backward."""
    return ("layers", "backward") if config.bidirectional else ("layers",)


def layer_names(config: ModelConfig) -> list[str]:
    """Return every layer of every stack."""
    return [f"{stack}.{layer}" for stack in stacks(config) for layer in range(config.layers)]


def parameter_shapes(config: ModelConfig, vocabulary_size: int) -> dict[str, tuple[int, ...]]:
    """Name -> shape of every parameter, in the order in which the engine's flat vector holds them.

    A layer's four parameters lie side by side, as the fused operator wants them. With ``tie`` the embedding is the
    output's weight too; a projection comes between when its width is not H.
    """
    size, hidden, width = vocabulary_size, config.hidden, config.embedding_size
    rows = GATES[config.cell] * hidden
    shapes: dict[str, tuple[int, ...]] = {"embedding.weight": (size, width)}
    for name in layer_names(config):
        shapes[f"{name}.input_weight"] = (rows, width if name.endswith(".0") else hidden)
        shapes[f"{name}.hidden_weight"] = (rows, hidden)
        shapes[f"{name}.input_bias"] = (rows,)
        shapes[f"{name}.hidden_bias"] = (rows,)
    outputs = hidden * len(stacks(config))
    if config.tie and width != outputs:
        shapes["projection.weight"] = (width, outputs)
    if not config.tie:
        shapes["output.weight"] = (size, outputs)
    shapes["output.bias"] = (size,)
    return shapes


def initial_parameters(config: ModelConfig, vocabulary_size: int, rng: np.random.Generator) -> dict[str, Floats]:
    """Draw fresh parameters: weights uniform in ±1/sqrt(fan-in), biases zero, an LSTM's forget gate open at one.

    An embedding that is not the output's weight too is uniform in ±1: a character replaces a one-hot vector, so that
    its fan-in is one. One that is both is uniform in ±3/sqrt(D): with a third of that the gates hardly hear what is
    read, and a training begins with hundreds of steps in which nothing but frequencies is learnt.
    The forget gate's bias: Jozefowicz et al. 2015, "An Empirical Exploration of Recurrent Network Architectures".
    """
    parameters = {}
    for name, shape in parameter_shapes(config, vocabulary_size).items():
        bound = 1 / math.sqrt(shape[-1]) if len(shape) == 2 else 0.0
        if name == "embedding.weight":
            bound = min(1.0, _EMBEDDING * bound) if config.tie else 1.0
        parameters[name] = rng.uniform(-bound, bound, shape).astype(np.float32)
    if config.cell == "lstm":
        for name in layer_names(config):
            parameters[f"{name}.hidden_bias"][config.hidden : 2 * config.hidden] = 1.0
    return parameters


def are_sound(weights: Iterable[Floats]) -> bool:
    """Return whether no weight is infinite, NaN or beyond ``LARGEST``: others make logits that are not finite."""
    return all(bool((np.abs(weight) <= LARGEST).all()) for weight in weights)


def initial_state(config: ModelConfig, batch_size: int) -> Floats:
    """Return zeros (L, S, N, H): the hidden state, and for an LSTM the memory cell behind it."""
    return np.zeros((config.layers, STATES[config.cell], batch_size, config.hidden), np.float32)


def output_weight(config: ModelConfig, parameters: Parameters) -> Floats:
    """(V, H), or (V, 2H) of two stacks: the output's own weight, or the embedding, projected if need be."""
    if not config.tie:
        return parameters["output.weight"]
    embedding: Floats = parameters["embedding.weight"]
    return embedding @ parameters["projection.weight"] if "projection.weight" in parameters else embedding
