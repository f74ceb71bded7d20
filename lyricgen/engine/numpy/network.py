"""The network in NumPy: embedding -> layers -> logits, and the gradient of each, written out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lyricgen.engine.network import Masks, Minibatch, Network
from lyricgen.engine.numpy.recurrence import Recurrence, columns, recurrence_of
from lyricgen.model.parameters import Floats
from lyricgen.model.probability import TINY, softmax
from lyricgen.text.vocabulary import Ids

_LOSS_AT_ONCE = 2**20  # logits: as many as a processor's cache holds

Tensors = Mapping[str, Floats]


class NumpyNetwork(Network):
    """Computes in the thread that calls it; see ``lyricgen.engine.parallel`` for several."""

    def backward(self, minibatch: Minibatch, state: Floats) -> tuple[float, Floats]:
        weights, gradients = self.views(self.vector), self.views(self.gradient)
        if not self.config.tie:
            gradients["embedding.weight"][:] = 0  # the output writes it otherwise, and first
        forward, backward = self._stacks(weights, minibatch.masks)
        hidden, after = forward.read(minibatch.read.x, state)
        if backward:
            hidden = np.concatenate([hidden, backward.read_back(minibatch.read.y)], axis=1)
        output = _Output(self.config.tie, weights)
        loss, above = output.backward(hidden, minibatch.labels, gradients)
        size = self.config.hidden
        forward.backward(above[:, :size], gradients)
        if backward:
            backward.backward(above[-2::-1, size:], gradients)  # nothing stands behind the last character
        return loss, after

    def nats(self, ids: Ids, labels: Ids, state: Floats, following: Ids | None = None) -> tuple[Floats, Floats]:
        weights = self.views(self.vector)
        forward, backward = self._stacks(weights, ())
        hidden, after = forward.read(ids, state)
        if backward and following is not None:
            hidden = np.concatenate([hidden, backward.read_back(following)[: len(ids)]], axis=1)
        return _Output(self.config.tie, weights).nats(hidden, labels), after

    def _stacks(self, weights: Tensors, masks: Masks) -> tuple[_Stack, _Stack | None]:
        count = self.config.layers + 1
        forward = _Stack(self, "layers", weights, masks[:count])
        return forward, _Stack(self, "backward", weights, masks[count:]) if self.config.bidirectional else None


class _Stack:
    """Layers one above the other, over all steps of a minibatch."""

    def __init__(self, network: NumpyNetwork, name: str, weights: Tensors, masks: Masks) -> None:
        self._config = network.config
        self._embedding = weights["embedding.weight"]
        kind = recurrence_of(network.config)
        self._layers = [_Layer(kind, f"{name}.{layer}", weights) for layer in range(network.config.layers)]
        self._masks = [mask[0].T for mask in masks]  # (D or H, N)

    def read(self, ids: Ids, state: Floats) -> tuple[Floats, Floats]:
        """ids (T, N), state (L, S, N, H) -> the last hidden states (T, H, N), dropout applied; state after T steps."""
        self._ids = ids
        x = self._embedding[ids].transpose(0, 2, 1)
        states = []
        for number, (layer, old) in enumerate(zip(self._layers, state.transpose(0, 1, 3, 2))):
            x, after = layer.forward(self._masked(x, number), old)
            states.append(after.transpose(0, 2, 1))
        return self._masked(x, len(self._layers)), np.stack(states)

    def read_back(self, ids: Ids) -> Floats:
        """Read ids (T, N) from the end: (T, H, N), a summary of the text behind each; zero for the last."""
        shape = (1, self._config.hidden, ids.shape[1])
        nothing = np.zeros(shape, np.float32)
        if len(ids) == 1:
            return nothing
        states = np.zeros((self._config.layers, 2, shape[2], shape[1]), np.float32)
        read, _ = self.read(ids[:0:-1], states)
        return np.concatenate([read[::-1], nothing])

    def backward(self, above: Floats, gradients: Tensors) -> None:
        """Write the gradient by all weights, given that by the result of ``read`` (T, H, N)."""
        if not len(above):
            for layer in self._layers:
                layer.clear(gradients)
            return
        for number in range(len(self._layers) - 1, -1, -1):
            above = self._layers[number].backward(self._masked(above, number + 1), gradients)
        rows = self._masked(above, 0).transpose(0, 2, 1)
        _add_rows(gradients["embedding.weight"], self._ids.ravel(), rows.reshape(-1, rows.shape[2]))

    def _masked(self, x: Floats, number: int) -> Floats:
        return x * self._masks[number] if self._masks else x


class _Layer:
    """One layer: the inputs of all steps in one product, then the recurrence."""

    def __init__(self, kind: type[Recurrence], name: str, weights: Tensors) -> None:
        self._name = name
        self._weight = weights[f"{name}.input_weight"]
        self._bias = weights[f"{name}.input_bias"][:, None]
        self._recurrence = kind(weights[f"{name}.hidden_weight"], weights[f"{name}.hidden_bias"])

    def forward(self, x: Floats, state: Floats) -> tuple[Floats, Floats]:
        """x (T, D or H, N), state (S, H, N) -> hidden states (T, H, N), state after T steps."""
        self._input = columns(x)
        gates = (self._weight @ self._input).reshape(len(self._weight), len(x), -1)
        gates = np.add(gates.transpose(1, 0, 2), self._bias, order="C")
        return self._recurrence.forward(gates, state)

    def backward(self, above: Floats, gradients: Tensors) -> Floats:
        """Gradient by the hidden states (T, H, N) -> gradient by x (T, D or H, N); write that by the weights."""
        gates, _ = self._recurrence.backward(above)
        gates = columns(gates)
        np.matmul(gates, self._input.T, out=gradients[f"{self._name}.input_weight"])
        gates.sum(axis=1, out=gradients[f"{self._name}.input_bias"])
        self._recurrence.by_weight(gates, gradients[f"{self._name}.hidden_weight"])
        by_bias = self._recurrence.by_bias(gradients[f"{self._name}.input_bias"])
        gradients[f"{self._name}.hidden_bias"][:] = by_bias
        return (self._weight.T @ gates).reshape(-1, len(above), above.shape[2]).transpose(1, 0, 2)

    def clear(self, gradients: Tensors) -> None:
        """Set the gradient by the weights to zero."""
        for name in ("input_weight", "input_bias", "hidden_weight", "hidden_bias"):
            gradients[f"{self._name}.{name}"][:] = 0


class _Output:
    """The last hidden states -> logits, through a projection if there is one."""

    def __init__(self, tie: bool, weights: Tensors) -> None:
        self._name = "embedding.weight" if tie else "output.weight"
        self._weight, self._bias = weights[self._name], weights["output.bias"]
        self._projection = weights.get("projection.weight")

    def nats(self, hidden: Floats, labels: Ids) -> Floats:
        """Hidden states (T, H, N) -> -ln p of the labels (T, N)."""
        x, nats = self._projected(columns(hidden)), np.empty(labels.size, np.float32)
        for rows in self._blocks(x):
            nats[rows] = _nats(softmax(self._logits(x, rows)), labels.ravel()[rows])
        return nats.reshape(labels.shape)

    def backward(self, hidden: Floats, labels: Ids, gradients: Tensors) -> tuple[float, Floats]:
        """Return the summed loss of labels (T, N), and its gradient by the hidden states (T, H, N)."""
        x = columns(hidden)
        projected = self._projected(x)
        above = np.empty_like(projected)
        loss, by_weight, by_bias = 0.0, gradients[self._name], gradients["output.bias"]
        for number, rows in enumerate(self._blocks(projected)):
            by_logits, targets = softmax(self._logits(projected, rows)), labels.ravel()[rows]
            loss += float(_nats(by_logits, targets).sum())
            by_logits[np.arange(len(targets)), targets] -= 1
            np.matmul(self._weight.T, by_logits.T, out=above[:, rows])
            if number:
                by_weight += by_logits.T @ projected[:, rows].T
                by_bias += by_logits.sum(axis=0)
            else:
                np.matmul(by_logits.T, projected[:, rows].T, out=by_weight)
                by_logits.sum(axis=0, out=by_bias)
        if self._projection is not None:
            np.matmul(above, x.T, out=gradients["projection.weight"])
            above = self._projection.T @ above
        return loss, above.reshape(len(above), len(hidden), -1).transpose(1, 0, 2)

    def _projected(self, x: Floats) -> Floats:
        return x if self._projection is None else self._projection @ x

    def _blocks(self, x: Floats) -> list[slice]:
        count, at_once = x.shape[1], max(64, _LOSS_AT_ONCE // len(self._bias))
        return [slice(first, first + at_once) for first in range(0, count, at_once)]

    def _logits(self, x: Floats, rows: slice) -> Floats:
        """x (H, T·N) -> logits (rows, V)."""
        logits: Floats = x[:, rows].T @ self._weight.T
        logits += self._bias
        return logits


def _nats(probabilities: Floats, labels: Ids) -> Floats:
    """-ln of probabilities (M, V) at ``labels`` (M,)."""
    nats: Floats = -np.log(np.maximum(probabilities[np.arange(len(labels)), labels], TINY))
    return nats


def _add_rows(table: Floats, ids: Ids, rows: Floats) -> None:
    """Add rows (M, D) to the rows ids (M,) of a table (V, D); an id may occur more than once."""
    order = np.argsort(ids, kind="stable")
    ordered = ids[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    table[ordered[starts]] += np.add.reduceat(rows[order], starts, axis=0)
