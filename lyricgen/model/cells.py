"""The equations of the recurrent cells, the order of their gates, and the names and shapes of all parameters.

Both halves stand on this module: ``engine`` lays its parameters out in this order and with these gates, which are
those of MXNet's fused ``RNN`` operator (and cuDNN's); ``writing`` computes with the functions below.

Shape letters: T steps, N batch, D embedding, H hidden, V vocabulary, L layers, G gates, S states.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Callable, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lyricgen.config import ModelConfig
from lyricgen.text.vocabulary import Ids

Floats = NDArray[np.float32]
Parameters = Mapping[str, Floats]


READ_AHEAD = 35  # characters behind one that a bidirectional network reads at least, as many as in its training
_AT_ONCE = 512  # characters scored at once: their logits take V times as much
TILES = (2, 4, 8, 16)  # songs multiplied together at least: the first that suits this machine
BLOCKS = (*TILES, 32, 64, 256)  # and at most, where each row gets the same bits
GATES = {"rnn": 1, "gru": 3, "lstm": 4}
STATES = {"rnn": 1, "gru": 1, "lstm": 2}


def stacks(config: ModelConfig) -> tuple[str, ...]:
    """The stacks of layers: one that reads forward and, in a bidirectional network, one that reads backward."""
    return ("layers", "backward") if config.bidirectional else ("layers",)


def layer_names(config: ModelConfig) -> list[str]:
    """Every layer of every stack."""
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
    """Fresh parameters: weights uniform in ±1/sqrt(fan-in), biases zero, an LSTM's forget gate open at one.

    An embedding that is not the output's weight too is uniform in ±1: a character replaces a one-hot vector, so that
    its fan-in is one.
    The forget gate's bias: Jozefowicz et al. 2015, "An Empirical Exploration of Recurrent Network Architectures".
    """
    parameters = {}
    for name, shape in parameter_shapes(config, vocabulary_size).items():
        fan_in = 1 if name == "embedding.weight" and not config.tie else shape[-1]
        bound = 1 / math.sqrt(fan_in) if len(shape) == 2 else 0.0
        parameters[name] = rng.uniform(-bound, bound, shape).astype(np.float32)
    if config.cell == "lstm":
        for name in layer_names(config):
            parameters[f"{name}.hidden_bias"][config.hidden : 2 * config.hidden] = 1.0
    return parameters


def initial_state(config: ModelConfig, batch_size: int) -> Floats:
    """Zero state (L, S, N, H): the hidden state, and for an LSTM the memory cell behind it."""
    return np.zeros((config.layers, STATES[config.cell], batch_size, config.hidden), np.float32)


def times(x: Floats, weight: Floats) -> Floats:
    """x (N, D) times weight (D, G); for few rows the other way round, which the libraries do faster."""
    product: Floats = (weight.T @ x.T).T if len(x) <= TILES[-1] else x @ weight
    return product


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x)), written so that no x overflows."""
    opened: Floats = np.float32(0.5) * np.tanh(np.float32(0.5) * x) + np.float32(0.5)
    return opened


def rnn(x: Floats, state: Floats, weight: Floats, bias: Floats) -> Floats:
    """H' = tanh(X W_xh + H W_hh + b_h) (Elman 1990).

    Here and below: ``x`` (N, G·H) is the input already multiplied, its bias added; ``state`` (S, N, H) is the old one;
    ``weight`` (H, G·H) and ``bias`` (G·H,) act on the hidden state. Returns the new state (S, N, H).
    """
    new: Floats = np.tanh(x + times(state[0], weight) + bias)[None]
    return new


def gru_after(x: Floats, state: Floats, weight: Floats, bias: Floats) -> Floats:
    """R, Z = σ(·); H~ = tanh(X W_xh + b_x + R ∘ (H W_hh + b_h)); H' = Z ∘ H + (1 - Z) ∘ H~ (cuDNN's variant)."""
    size, hidden = 2 * state.shape[-1], state[0]
    product = times(hidden, weight) + bias
    reset, update = np.split(sigmoid(x[:, :size] + product[:, :size]), 2, axis=1)
    candidate = np.tanh(x[:, size:] + reset * product[:, size:])
    new: Floats = (candidate + update * (hidden - candidate))[None]
    return new


def gru_before(x: Floats, state: Floats, weight: Floats, bias: Floats) -> Floats:
    """R, Z = σ(·); H~ = tanh(X W_xh + (R ∘ H) W_hh + b_h); H' = Z ∘ H + (1 - Z) ∘ H~ (Cho et al. 2014)."""
    size, hidden = 2 * state.shape[-1], state[0]
    reset, update = np.split(sigmoid(x[:, :size] + times(hidden, weight[:, :size]) + bias[:size]), 2, axis=1)
    candidate = np.tanh(x[:, size:] + times(reset * hidden, weight[:, size:]) + bias[size:])
    new: Floats = (candidate + update * (hidden - candidate))[None]
    return new


def lstm(x: Floats, state: Floats, weight: Floats, bias: Floats) -> Floats:
    """I, F, O = σ(·); C~ = tanh(·); C' = F ∘ C + I ∘ C~; H' = O ∘ tanh(C') (Gers et al. 2000).

    The gates lie in the order input, forget, candidate, output.
    """
    hidden, memory = state
    size = state.shape[-1]
    gates = times(hidden, weight)
    gates += x
    gates += bias
    candidate = np.tanh(gates[:, 2 * size : 3 * size])
    input_gate, forget_gate = np.split(sigmoid(gates[:, : 2 * size]), 2, axis=1)
    new = np.empty_like(state)
    new[1] = forget_gate * memory + input_gate * candidate
    new[0] = sigmoid(gates[:, 3 * size :]) * np.tanh(new[1])
    return new


Cell = Callable[[Floats, Floats, Floats, Floats], Floats]


def cell_of(config: ModelConfig) -> Cell:
    """The function that computes one step of the configured cell."""
    if config.cell == "gru":
        return {"after": gru_after, "before": gru_before}[config.gru_reset]
    return {"rnn": rnn, "lstm": lstm}[config.cell]


class _Layer(NamedTuple):
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


class Recurrence(States):
    """The whole network in NumPy: (ids, state) -> (logits, state)."""

    def __init__(self, config: ModelConfig, parameters: Parameters) -> None:
        self.config = config
        self._cell = cell_of(config)
        self._embedding = parameters["embedding.weight"]
        self._layers = [_layer(parameters, f"layers.{layer}") for layer in range(config.layers)]
        self._output = output_weight(config, parameters).T
        self._output_bias = parameters["output.bias"]
        self._tile, self._together = 0, dict[int, bool]()

    def hidden(self, ids: Ids, state: Floats) -> tuple[Floats, Floats]:
        """ids (T, N), state (L, S, N, H) -> the last layer's hidden states (T, N, H), state after T steps."""
        return _unroll(self._cell, self._layers, self._embedding[ids], state)

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
            parts.append(picked(self.logits(hidden[:, 0]), chunk[1:]))
        return np.concatenate(parts)


def picked(logits: Floats, ids: Ids) -> NDArray[np.float64]:
    """softmax(logits) (T, V) at ``ids`` (T,)."""
    weights = np.exp(logits - logits.max(axis=1, keepdims=True), dtype=np.float64)
    probabilities: NDArray[np.float64] = weights[np.arange(len(ids)), ids] / weights.sum(axis=1)
    return probabilities


def _layer(parameters: Parameters, name: str) -> _Layer:
    return _Layer(*(parameters[f"{name}.{part}"].T for part in _Layer._fields))


def _unroll(cell: Cell, layers: Sequence[_Layer], x: Floats, state: Floats) -> tuple[Floats, Floats]:
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


class Bidirectional:
    """A network that predicts each character from what stands before and after it (Schuster & Paliwal 1997).

    A stack of layers reads forward, another backward; what they say of a character comes from their last hidden states
    before it and after it, side by side, so that it never comes from itself, however many layers there are.
    """

    def __init__(self, config: ModelConfig, parameters: Parameters) -> None:
        self.config = config
        self._cell = cell_of(config)
        self._embedding = parameters["embedding.weight"]
        self._stacks = [
            [_layer(parameters, f"{stack}.{layer}") for layer in range(config.layers)] for stack in stacks(config)
        ]
        self._output = output_weight(config, parameters).T
        self._output_bias = parameters["output.bias"]

    def forward(self, ids: Ids, state: Floats) -> tuple[Floats, Floats]:
        """ids (T, N), state (L, S, N, H) -> what is known after each (T, N, H), state after all."""
        return _unroll(self._cell, self._stacks[0], self._embedding[ids], state)

    def backward(self, ids: Ids) -> Floats:
        """ids (T, N) -> what is known before each (T + 1, N, H) from itself and those behind it; nothing at the end."""
        nothing = np.zeros((1, ids.shape[1], self.config.hidden), np.float32)
        if not len(ids):
            return nothing
        zero = initial_state(self.config, ids.shape[1])
        read, _ = _unroll(self._cell, self._stacks[1], self._embedding[ids[::-1]], zero)
        return np.concatenate([read[::-1], nothing])

    def hidden(self, ids: Ids, state: Floats, count: int) -> tuple[Floats, Floats]:
        """What is known of each of the ``count`` characters that follow the first of a text (T, N).

        ``state`` (L, S, N, H) is that of the forward stack before the text. Returns hidden states (count, N, 2H) and
        the forward stack's state after ``count`` characters.
        """
        before, after = self.forward(ids[:count], state)
        return np.concatenate([before, self.backward(ids[2:])[:count]], axis=2), after

    def logits(self, hidden: Floats) -> Floats:
        """Hidden states (..., 2H) -> logits (..., V)."""
        return hidden @ self._output + self._output_bias

    def foresee(self, ids: Ids) -> Iterator[Floats]:
        """Logits (T', V) of the characters of a text (T,) after the first, some at a time.

        All that stands before a character is read, and at least ``READ_AHEAD`` characters behind it.
        """
        state = initial_state(self.config, 1)
        for first in range(0, len(ids) - 1, READ_AHEAD):
            count = min(READ_AHEAD, len(ids) - 1 - first)
            hidden, state = self.hidden(ids[first : first + count + READ_AHEAD + 1, None], state, count)
            yield self.logits(hidden[:, 0])

    def probabilities(self, ids: Ids) -> NDArray[np.float64]:
        """The probability of every character of a text (T,) after the first, from what is around it: (T - 1,)."""
        parts, first = [], 1
        for logits in self.foresee(ids):
            parts.append(picked(logits, ids[first : first + len(logits)]))
            first += len(logits)
        return np.concatenate(parts)


def output_weight(config: ModelConfig, parameters: Parameters) -> Floats:
    """(V, H), or (V, 2H) of two stacks: the output's own weight, or the embedding, projected if need be."""
    if not config.tie:
        return parameters["output.weight"]
    embedding: Floats = parameters["embedding.weight"]
    return embedding @ parameters["projection.weight"] if "projection.weight" in parameters else embedding
