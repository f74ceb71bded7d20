"""The recurrence that MXNet's fused operator does not have, as one node of its graph."""

from __future__ import annotations

import numpy as np

from lyricgen.engine.mxnet.runtime import NDArray, mx, nd
from lyricgen.engine.numpy import recurrence


class GruBefore(mx.autograd.Function):  # type: ignore[misc, name-defined]
    """Gates (T, N, 3H), weight (3H, H), bias (3H,), state (N, H) -> hidden states (T, N, H); Cho et al. 2014.

    NumPy computes it: the steps' small matrix products run one after another, but the gradient of the weights is one
    product over all of them. The state comes last: MXNet drops the gradients of all inputs behind one that wants none.
    """

    def forward(self, gates: NDArray, weight: NDArray, bias: NDArray, state: NDArray) -> NDArray:
        self._recurrence = recurrence.GruBefore(weight.asnumpy(), bias.asnumpy())
        columns = np.ascontiguousarray(gates.asnumpy().transpose(0, 2, 1))
        hidden, _ = self._recurrence.forward(columns, state.asnumpy().T[None])
        return nd.array(hidden.transpose(0, 2, 1))

    def backward(self, gradient: NDArray) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        """The gradient by the hidden states -> by gates, weight, bias and state."""
        above = np.ascontiguousarray(gradient.asnumpy().transpose(0, 2, 1))
        gates, state = self._recurrence.backward(above)
        columns = recurrence.columns(gates)
        by_weight = np.empty((len(columns), state.shape[0]), np.float32)
        self._recurrence.by_weight(columns, by_weight)
        return nd.array(gates.transpose(0, 2, 1)), nd.array(by_weight), nd.array(columns.sum(axis=1)), nd.array(state.T)
