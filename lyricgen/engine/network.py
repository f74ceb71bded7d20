"""The network in MXNet: embedding -> layers -> logits, over one flat vector of parameters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from lyricgen.config import ModelConfig, TrainConfig
from lyricgen.engine.recurrence import GruBefore
from lyricgen.engine.runtime import NDArray, mx, nd
from lyricgen.model.parameters import STATES, Floats, layer_names, parameter_shapes, stacks
from lyricgen.text.vocabulary import Ids

State = list[list[NDArray]]  # per layer: hidden state and, for an LSTM, memory cell, each (1, N, H)
_TINY = 1e-37  # a probability that float32 rounds to zero must not become an infinite loss
_MODES = {"rnn": "rnn_tanh", "gru": "gru", "lstm": "lstm"}


Masks = Sequence[Floats]  # what dropout leaves of the input and of each layer's output, scaled: (1, N, D or H) each


class Network:
    """Parameters and gradients as one vector each, of which every tensor is a view.

    The fused operator wants a layer's parameters side by side and would copy them at each call otherwise; the norm,
    the clipping and the update are then one operation each for all parameters together.
    """

    def __init__(self, config: ModelConfig, parameters: Mapping[str, Floats]) -> None:
        self.config = config
        self.vocabulary_size = len(parameters["output.bias"])
        self.shapes = parameter_shapes(config, self.vocabulary_size)
        self.vector = nd.array(np.concatenate([parameters[name].ravel() for name in self.shapes]))
        self.gradient = nd.zeros_like(self.vector)
        self._offsets = self._lay_out()
        self._weights = {name: self._view(self.vector, name) for name in self.shapes}
        self._layers = {name: self._layer_view(self.vector, name) for name in layer_names(config)}
        self._watch()

    def _lay_out(self) -> dict[str, tuple[int, int]]:
        ends = np.cumsum([math.prod(shape) for shape in self.shapes.values()]).tolist()
        return dict(zip(self.shapes, zip([0, *ends], ends)))

    def _view(self, vector: NDArray, name: str) -> NDArray:
        begin, end = self._offsets[name]
        return vector[begin:end].reshape(self.shapes[name])

    def _layer_view(self, vector: NDArray, name: str) -> NDArray:
        begin, _ = self._offsets[f"{name}.input_weight"]
        _, end = self._offsets[f"{name}.hidden_bias"]
        return vector[begin:end]

    def _watch(self) -> None:
        """Let autograd write into the views of the gradient vector."""
        fused = self._fused
        layers = list(self._layers) if fused else []
        names = [name for name in self.shapes if name.rpartition(".")[0] not in layers]
        variables = [self._weights[name] for name in names] + [self._layers[name] for name in layers]
        gradients = [self._view(self.gradient, name) for name in names]
        gradients += [self._layer_view(self.gradient, name) for name in layers]
        mx.autograd.mark_variables(variables, gradients)

    @property
    def _fused(self) -> bool:
        return not (self.config.cell == "gru" and self.config.gru_reset == "before")

    def parameters(self) -> dict[str, Floats]:
        """A copy of every parameter by its name; waits for all that is under way."""
        vector = self.vector.asnumpy()
        return {name: vector[slice(*self._offsets[name])].reshape(shape) for name, shape in self.shapes.items()}

    def initial_state(self, batch_size: int) -> State:
        """Zeros."""
        shape, count = (1, batch_size, self.config.hidden), STATES[self.config.cell]
        return [[nd.zeros(shape) for _ in range(count)] for _ in range(self.config.layers)]

    def forward(self, ids: Ids, state: State, masks: Masks = (), following: Ids | None = None) -> tuple[NDArray, State]:
        """ids (T, N), state -> logits (T·N, V), state after T steps.

        A bidirectional network also reads what is ``following`` each of them, (T or more, N): from its end, a zero
        state there, down to just behind the character that it predicts.
        """
        hidden, new = self._read("layers", ids, state, masks, 0)
        if following is not None and self.config.bidirectional:
            zero, place = self.initial_state(ids.shape[1]), self.config.layers + 1
            behind = nd.zeros((1, ids.shape[1], self.config.hidden))
            if len(following) > 1:
                backward, _ = self._read("backward", following[:0:-1], zero, masks, place)
                behind = nd.concat(nd.flip(backward, axis=0), behind, dim=0)
            hidden = nd.concat(hidden, behind[: len(ids)], dim=2)
        return self._logits(hidden.reshape((-1, hidden.shape[2]))), new

    def _read(self, stack: str, ids: Ids, state: State, masks: Masks, place: int) -> tuple[NDArray, State]:
        """ids (T, N) -> the last hidden states (T, N, H) of a stack of layers, whose masks begin at ``place``."""
        x = nd.Embedding(
            nd.array(ids, dtype="int32"),
            self._weights["embedding.weight"],
            input_dim=self.vocabulary_size,
            output_dim=self.config.embedding_size,
        )
        new = []
        for layer, old in enumerate(state):
            x, after = self._layer(f"{stack}.{layer}", _masked(x, masks, place + layer), old)
            new.append(after)
        return _masked(x, masks, place + len(state)), new

    def _layer(self, name: str, x: NDArray, state: list[NDArray]) -> tuple[NDArray, list[NDArray]]:
        """x (T, N, D or H) -> hidden states (T, N, H), state after T steps."""
        if not self._fused:
            return self._reset_before(name, x, state[0])
        size, mode = self.config.hidden, _MODES[self.config.cell]
        hidden, *new = nd.RNN(
            x, self._layers[name], *state, state_size=size, num_layers=1, mode=mode, state_outputs=True
        )
        return hidden, new

    def _reset_before(self, layer: str, x: NDArray, state: NDArray) -> tuple[NDArray, list[NDArray]]:
        """The GRU that resets before the product, which the fused operator does not have."""
        names = ("input_weight", "input_bias", "hidden_weight", "hidden_bias")
        input_weight, input_bias, weight, bias = (self._weights[f"{layer}.{name}"] for name in names)
        gates = nd.FullyConnected(x, input_weight, input_bias + bias, num_hidden=len(bias), flatten=False)  # (T, N, 3H)
        hidden = GruBefore()(gates, weight, state[0])
        return hidden, [hidden[-1:]]

    def _logits(self, hidden: NDArray) -> NDArray:
        """(T·N, H) -> (T·N, V)."""
        if "projection.weight" in self._weights:
            hidden = nd.FullyConnected(
                hidden, self._weights["projection.weight"], num_hidden=self.config.embedding_size, no_bias=True
            )
        weight = self._weights["embedding.weight" if self.config.tie else "output.weight"]
        return nd.FullyConnected(hidden, weight, self._weights["output.bias"], num_hidden=self.vocabulary_size)


def _masked(x: NDArray, masks: Masks, place: int) -> NDArray:
    return nd.broadcast_mul(x, nd.array(masks[place])) if masks else x


def detach(state: State) -> State:
    """The same values, cut from the graph: back-propagation ends here."""
    return [[part.detach() for part in parts] for parts in state]


def save_state(state: State) -> Floats:
    """(L, S, N, H) as on disk."""
    return np.stack([np.concatenate([part.asnumpy() for part in parts]) for parts in state])


def load_state(state: Floats) -> State:
    """What ``save_state`` made of a state, back."""
    return [[nd.array(part[None]) for part in parts] for parts in state]


def dropout_masks(network: Network, config: TrainConfig, batch_size: int, rng: np.random.Generator) -> Masks:
    """Masks that drop the same units at every step of a minibatch, scaled by 1 / (1 - rate); none without dropout.

    Locked (variational) dropout: Gal & Ghahramani 2016, Merity et al. 2018. Drawn in NumPy, so that they do not depend
    on the number of threads.
    """
    if not config.dropout:
        return ()
    rate = config.dropout
    widths = [network.config.embedding_size] + [network.config.hidden] * network.config.layers
    return [
        (rng.random((1, batch_size, width)) >= rate) * np.float32(1 / (1 - rate))
        for width in widths * len(stacks(network.config))
    ]


def loss_gradient(logits: NDArray, labels: Ids) -> tuple[NDArray, NDArray]:
    """The summed cross-entropy (1,) of labels (T, N), and its gradient by the logits (T·N, V): softmax - one-hot.

    Written out, since autograd's way through log-softmax and pick takes three times as long.
    """
    places = nd.array(np.stack([np.arange(labels.size), labels.ravel()]), dtype="int32")
    gradient = nd.softmax(logits)
    picked = nd.gather_nd(gradient, places)
    mx.nd._internal._scatter_set_nd(gradient, picked - 1, places, shape=gradient.shape, out=gradient)
    return -nd.sum(nd.log(nd.maximum(picked, _TINY))), gradient


def cross_entropy(logits: NDArray, labels: Ids) -> NDArray:
    """-ln p(label) of each character, in nats: logits (T·N, V), labels (T, N) -> (T·N,)."""
    return -nd.pick(nd.log_softmax(logits), nd.array(labels.ravel(), dtype="float32"))
