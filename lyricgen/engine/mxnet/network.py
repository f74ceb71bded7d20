"""The network in MXNet: embedding -> layers -> logits, over one flat vector of parameters."""

from __future__ import annotations

import numpy as np

from lyricgen.config import ModelConfig
from lyricgen.engine.mxnet.runtime import NDArray, mx, nd
from lyricgen.engine.network import Masks, Minibatch, Network
from lyricgen.model.parameters import STATES, Floats, layer_names
from lyricgen.model.probability import TINY
from lyricgen.text.vocabulary import Ids

State = list[list[NDArray]]  # per layer: hidden state and, for an LSTM, memory cell, each (1, N, H)
_MODES = {"rnn": "rnn_tanh", "gru": "gru", "lstm": "lstm"}


class MxnetNetwork(Network):
    """MXNet's arrays lie in the memory of the vectors, so that nothing is copied; on a GPU they are copies.

    The fused operator wants a layer's parameters side by side and would copy them at each call otherwise.
    """

    def __init__(self, config: ModelConfig, vocabulary_size: int, vector: Floats) -> None:
        super().__init__(config, vocabulary_size, vector)
        self._is_shared = mx.current_context().device_type == "cpu"
        self._vector, self._gradient = (self._mirror(values) for values in (self.vector, self.gradient))
        self._weights = self._arrays(self._vector)
        self._layers = {name: self._layer_view(self._vector, name) for name in layer_names(config)}
        self._watch()

    def _mirror(self, vector: Floats) -> NDArray:
        # MXNet takes the right to write from the array that it is given: here from a view of it.
        return nd.from_numpy(vector[:], zero_copy=True) if self._is_shared else nd.array(vector)

    def _arrays(self, vector: NDArray) -> dict[str, NDArray]:
        return {name: vector[span.start : span.stop].reshape(self.shapes[name]) for name, span in self.places.items()}

    def _layer_view(self, vector: NDArray, name: str) -> NDArray:
        return vector[self.places[f"{name}.input_weight"].start : self.places[f"{name}.hidden_bias"].stop]

    def _watch(self) -> None:
        """Let autograd write into the gradient vector."""
        layers = list(self._layers)
        names = [name for name in self.shapes if name.rpartition(".")[0] not in layers]
        gradients = self._arrays(self._gradient)
        mx.autograd.mark_variables(
            [self._weights[name] for name in names] + [self._layers[name] for name in layers],
            [gradients[name] for name in names] + [self._layer_view(self._gradient, name) for name in layers],
        )

    def backward(self, minibatch: Minibatch, state: Floats) -> tuple[float, Floats]:
        self._fetch()
        with mx.autograd.record():
            logits, after = self.forward(minibatch.read.x, load_state(state), minibatch.masks, minibatch.read.y)
        loss, gradient = loss_gradient(logits, minibatch.labels)
        logits.backward(gradient)
        nats = float(loss.asscalar())
        nd.waitall()  # NumPy reads the gradient next
        if not self._is_shared:
            self.gradient[:] = self._gradient.asnumpy()
        return nats, save_state(after)

    def nats(self, ids: Ids, labels: Ids, state: Floats, following: Ids | None = None) -> tuple[Floats, Floats]:
        self._fetch()
        logits, after = self.forward(ids, load_state(state), following=following)
        return cross_entropy(logits, labels).asnumpy().reshape(labels.shape), save_state(after)

    def _fetch(self) -> None:
        """Copy the parameters that NumPy has changed, if the memory is not shared."""
        if not self._is_shared:
            self._vector[:] = nd.array(self.vector)

    def forward(self, ids: Ids, state: State, masks: Masks = (), following: Ids | None = None) -> tuple[NDArray, State]:
        """ids (T, N), state -> logits (T·N, V), state after T steps; see ``Network.nats``."""
        hidden, new = self._read("layers", ids, state, masks, 0)
        if following is not None and self.config.bidirectional:
            behind = nd.zeros((1, ids.shape[1], self.config.hidden))
            if len(following) > 1:
                first_mask = self.config.layers + 1
                backward, _ = self._read("backward", following[:0:-1], self._zeros(ids.shape[1]), masks, first_mask)
                behind = nd.concat(nd.flip(backward, axis=0), behind, dim=0)
            hidden = nd.concat(hidden, behind[: len(ids)], dim=2)
        return self._logits(hidden.reshape((-1, hidden.shape[2]))), new

    def _zeros(self, batch_size: int) -> State:
        shape, count = (1, batch_size, self.config.hidden), STATES[self.config.cell]
        return [[nd.zeros(shape) for _ in range(count)] for _ in range(self.config.layers)]

    def _read(self, stack: str, ids: Ids, state: State, masks: Masks, first_mask: int) -> tuple[NDArray, State]:
        """ids (T, N) -> the last hidden states (T, N, H) of a stack of layers, whose masks begin at ``first_mask``."""
        x = nd.Embedding(
            nd.array(ids, dtype="int32"),
            self._weights["embedding.weight"],
            input_dim=self.vocabulary_size,
            output_dim=self.config.embedding_size,
        )
        new = []
        for layer, old in enumerate(state):
            x, after = self._layer(f"{stack}.{layer}", _masked(x, masks, first_mask + layer), old)
            new.append(after)
        return _masked(x, masks, first_mask + len(state)), new

    def _layer(self, name: str, x: NDArray, state: list[NDArray]) -> tuple[NDArray, list[NDArray]]:
        """x (T, N, D or H) -> hidden states (T, N, H), state after T steps."""
        size, mode = self.config.hidden, _MODES[self.config.cell]
        hidden, *new = nd.RNN(
            x, self._layers[name], *state, state_size=size, num_layers=1, mode=mode, state_outputs=True
        )
        return hidden, new

    def _logits(self, hidden: NDArray) -> NDArray:
        """(T·N, H) -> (T·N, V)."""
        if "projection.weight" in self._weights:
            hidden = nd.FullyConnected(
                hidden, self._weights["projection.weight"], num_hidden=self.config.embedding_size, no_bias=True
            )
        weight = self._weights["embedding.weight" if self.config.tie else "output.weight"]
        return nd.FullyConnected(hidden, weight, self._weights["output.bias"], num_hidden=self.vocabulary_size)


def _masked(x: NDArray, masks: Masks, number: int) -> NDArray:
    return nd.broadcast_mul(x, nd.array(masks[number])) if masks else x


def save_state(state: State) -> Floats:
    """Return the state as one array (L, S, N, H)."""
    return np.stack([np.concatenate([part.asnumpy() for part in parts]) for parts in state])


def load_state(state: Floats) -> State:
    """Undo ``save_state``: (L, S, N, H) -> MXNet's arrays."""
    return [[nd.array(part[None]) for part in parts] for parts in state]


def loss_gradient(logits: NDArray, labels: Ids) -> tuple[NDArray, NDArray]:
    """Return the summed cross-entropy (1,) of labels (T, N) and its gradient (T·N, V): softmax(logits) - one-hot.

    Written out, since autograd's way through log-softmax and pick takes three times as long.
    """
    indices = nd.array(np.stack([np.arange(labels.size), labels.ravel()]), dtype="int32")
    gradient = nd.softmax(logits)
    picked = nd.gather_nd(gradient, indices)
    mx.nd._internal._scatter_set_nd(gradient, picked - 1, indices, shape=gradient.shape, out=gradient)
    return -nd.sum(nd.log(nd.maximum(picked, TINY))), gradient


def cross_entropy(logits: NDArray, labels: Ids) -> NDArray:
    """-ln p(label) of each character, in nats: logits (T·N, V), labels (T, N) -> (T·N,)."""
    return -nd.pick(nd.log_softmax(logits), nd.array(labels.ravel(), dtype="float32"))
