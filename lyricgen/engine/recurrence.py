"""The recurrence that MXNet's fused operator does not have: a GRU whose reset gate acts before the matrix product.

One node of the graph for all steps of a layer, with its back-propagation through time written out: the steps' small
matrix products run one after another, but the gradient of the weights is one product over all of them.
"""

from __future__ import annotations

import numpy as np

from lyricgen.engine.runtime import NDArray, mx, nd
from lyricgen.model.cells import sigmoid
from lyricgen.model.parameters import Floats


class GruBefore(mx.autograd.Function):  # type: ignore[misc, name-defined]
    """Gates (T, N, 3H), weight (3H, H), state (N, H) -> hidden states (T, N, H); Cho et al. 2014.

    ``gates`` are the inputs already multiplied, all biases added, in the order reset, update, candidate. The state
    comes last: MXNet drops the gradients of all inputs behind one that wants none.
    """

    def forward(self, gates: NDArray, weight: NDArray, state: NDArray) -> NDArray:
        """H~ = tanh(X + (R ∘ H) W); H' = H~ + Z ∘ (H - H~)."""
        x, hidden, self._weight = gates.asnumpy(), state.asnumpy(), weight.asnumpy()
        size = hidden.shape[1]
        gate_weight, candidate_weight = (np.ascontiguousarray(w.T) for w in np.split(self._weight, [2 * size]))
        self._hidden = np.empty((len(x) + 1, *hidden.shape), np.float32)
        self._hidden[0] = hidden
        self._opened = np.empty((*x.shape[:2], 2 * size), np.float32)
        self._reset = np.empty((*x.shape[:2], size), np.float32)
        self._candidate = np.empty_like(self._reset)
        for t, gate in enumerate(x):
            opened = self._opened[t] = sigmoid(gate[:, : 2 * size] + hidden @ gate_weight)
            reset = self._reset[t] = opened[:, :size] * hidden
            candidate = self._candidate[t] = np.tanh(gate[:, 2 * size :] + reset @ candidate_weight)
            hidden = self._hidden[t + 1] = candidate + opened[:, size:] * (hidden - candidate)
        return nd.array(self._hidden[1:])

    def backward(self, gradient: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        """The gradient by the hidden states -> by gates, weight and state."""
        above = gradient.asnumpy()
        size = above.shape[2]
        gate_weight, candidate_weight = np.split(self._weight, [2 * size])
        reset, update = np.split(self._opened, 2, axis=2)
        before = self._hidden[:-1]
        # What each gate's own slope makes of a gradient, for all steps together.
        by_candidate, by_update = (1 - update) * (1 - self._candidate**2), (before - self._candidate) * update
        by_update *= 1 - update
        by_reset = self._reset * (1 - reset)
        gates = np.empty((*above.shape[:2], 3 * size), np.float32)
        carried: Floats = np.zeros(above.shape[1:], np.float32)
        for t in range(len(above) - 1, -1, -1):
            gate = gates[t]
            carried += above[t]
            candidate = np.multiply(carried, by_candidate[t], out=gate[:, 2 * size :])
            through_reset = candidate @ candidate_weight
            np.multiply(through_reset, by_reset[t], out=gate[:, :size])
            np.multiply(carried, by_update[t], out=gate[:, size : 2 * size])
            carried *= update[t]
            through_reset *= reset[t]
            carried += through_reset
            carried += gate[:, : 2 * size] @ gate_weight
        return nd.array(gates), nd.array(self._by_weight(gates.reshape(-1, 3 * size))), nd.array(carried)

    def _by_weight(self, gates: Floats) -> Floats:
        """The sum over all steps of gate gradient × what the weight was multiplied with: (T·N, 3H) -> (3H, H)."""
        size = gates.shape[1] // 3
        hidden, reset = self._hidden[:-1].reshape(-1, size), self._reset.reshape(-1, size)
        return np.concatenate([gates[:, : 2 * size].T @ hidden, gates[:, 2 * size :].T @ reset])
