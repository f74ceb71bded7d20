"""The recurrence of each cell over all steps of a minibatch, and its back-propagation through time (Werbos 1990).

Songs are columns here: a hidden state is (H, N), the gates of a step are (G·H, N). The matrix product of a step is then
weight times state, which BLAS computes in three quarters of the time that it takes for state times weight, and each
gate is contiguous. The equations are those of ``lyricgen.model.cells``.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Optional

import numpy as np
from numpy.typing import NDArray

from lyricgen.config import ModelConfig
from lyricgen.model.parameters import Floats

_HALF, _ONE = np.float32(0.5), np.float32(1)
# Called with t and the gradients (H, N) by the state after step t: the hidden state and, of an LSTM, the memory cell.
Observer = Optional[Callable[..., None]]


class Recurrence(ABC):
    """A layer over T steps. ``forward`` keeps what ``backward`` needs, so that each is called once, in this order."""

    keeps = ""  # the gate that is the share of the old state that stays
    # The arrays that ``forward`` leaves for ``backward``: of T + 1 states and of T steps.
    _states: tuple[str, ...] = ("_hidden",)
    _steps: tuple[str, ...] = ()
    _hidden: Floats

    def __init__(self, weight: Floats, bias: Floats) -> None:
        """Take the weight (G·H, H) and the bias (G·H,) of the hidden state."""
        self._weight = weight
        self._bias = bias[:, None]
        self._size = weight.shape[1]

    @abstractmethod
    def forward(self, gates: Floats, state: Floats) -> tuple[Floats, Floats]:
        """Gates (T, G·H, N), state (S, H, N) -> hidden states (T, H, N), state after T steps.

        ``gates`` are the inputs times their weight, their bias added; they are overwritten.
        """

    @abstractmethod
    def backward(self, above: Floats, observe: Observer = None) -> tuple[Floats, Floats]:
        """Gradient by hidden states (T, H, N) -> those by ``gates`` (T, G·H, N) and by the first state (H, N)."""

    def gates(self) -> dict[str, Floats]:
        """Return, after ``forward``, how far each gate opens, 0 to 1 (T, H, N); empty for a cell without gates."""
        return {}

    def states_after(self) -> Floats:
        """Return, after ``forward`` of one song, the states (T, S, H) after each step."""
        return np.stack([getattr(self, name)[1:, :, 0] for name in self._states], axis=1)

    def windows(self, steps: NDArray[np.intp]) -> Recurrence:
        """Copy some steps (K, R) of one song, after its ``forward``, as R songs of K steps for ``backward``.

        A negative number is a step before the first one; its arrays are zero.
        """
        chosen = copy.copy(self)
        states = np.concatenate([steps, steps[-1:] + 1])
        for name, index in [*((name, states) for name in self._states), *((name, steps) for name in self._steps)]:
            taken = getattr(self, name)[np.maximum(index, 0), :, 0]
            taken[index < 0] = 0
            setattr(chosen, name, np.ascontiguousarray(taken.transpose(0, 2, 1)))
        return chosen

    @abstractmethod
    def by_weight(self, gates: Floats, gradient: Floats) -> None:
        """Write, after ``backward``, the gradient by the weight into ``gradient`` (G·H, H).

        ``gates`` (G·H, T·N) is the first result of ``backward``, its steps side by side.
        """

    def by_bias(self, by_gates: Floats) -> Floats:
        """Return, after ``backward``, the gradient by the hidden bias (G·H,), given that by the input's bias."""
        return by_gates

    def _begin(self, steps: int, state: Floats) -> Floats:
        """Allocate the hidden states (T + 1, H, N) and set the first of them."""
        hidden = np.empty((steps + 1, *state.shape[1:]), np.float32)
        hidden[0] = state[0]
        return hidden

    def _transposed(self) -> Floats:
        """Return the weight (H, G·H) as a contiguous copy, which BLAS multiplies faster than a view."""
        return np.ascontiguousarray(self._weight.T)


class Rnn(Recurrence):
    """H' = tanh(X + H W_hh + b_h)."""

    def forward(self, gates: Floats, state: Floats) -> tuple[Floats, Floats]:
        gates += self._bias
        hidden = self._hidden = self._begin(len(gates), state)
        for t, gate in enumerate(gates):
            new = np.matmul(self._weight, hidden[t], out=hidden[t + 1])
            new += gate
            np.tanh(new, out=new)
        return hidden[1:], hidden[-1:]

    def backward(self, above: Floats, observe: Observer = None) -> tuple[Floats, Floats]:
        gates, weight = _slope_of_tanh(self._hidden[1:]), self._transposed()
        carried = np.zeros(above.shape[1:], np.float32)
        for t in range(len(above) - 1, -1, -1):
            carried += above[t]
            if observe:
                observe(t, carried)
            gates[t] *= carried
            np.matmul(weight, gates[t], out=carried)
        return gates, carried

    def by_weight(self, gates: Floats, gradient: Floats) -> None:
        np.matmul(gates, columns(self._hidden[:-1]).T, out=gradient)


class _Gru(Recurrence):
    """R, Z = σ(·); H' = H~ + Z ∘ (H - H~)."""

    keeps = "update"
    _opened: Floats

    def gates(self) -> dict[str, Floats]:
        size = self._size
        return {"reset": self._opened[:, :size], "update": self._opened[:, size : 2 * size]}


class GruAfter(_Gru):
    """H~ = tanh(X + R ∘ (H W_hh + b_h))."""

    _steps = ("_opened", "_product")

    def forward(self, gates: Floats, state: Floats) -> tuple[Floats, Floats]:
        two = 2 * self._size
        gates[:, :two] += self._bias[:two]
        hidden = self._hidden = self._begin(len(gates), state)
        self._opened, self._product = (
            gates,
            np.empty_like(hidden[1:]),
        )  # the product is what the reset gate lets through
        product = np.empty_like(gates[0])
        candidate = product[two:]
        for t, gate in enumerate(gates):
            np.matmul(self._weight, hidden[t], out=product)
            opened = gate[:two]
            opened += product[:two]
            _sigmoid(opened)
            candidate += self._bias[two:]
            self._product[t] = candidate
            candidate *= opened[: self._size]
            candidate += gate[two:]
            new = np.tanh(candidate, out=gate[two:])
            _mix(opened[self._size :], hidden[t], new, out=hidden[t + 1])
        return hidden[1:], hidden[-1:]

    def backward(self, above: Floats, observe: Observer = None) -> tuple[Floats, Floats]:
        size, two = self._size, 2 * self._size
        slopes, update, reset = _slopes_of_gru(self._opened, self._hidden[:-1])
        slopes[:, :size] *= self._product
        weight, carried = self._transposed(), np.zeros(above.shape[1:], np.float32)
        self._through = self._product  # the gradient by the product, whose room is free now
        back = np.empty_like(slopes[0])
        for t in range(len(above) - 1, -1, -1):
            gate = slopes[t]
            carried += above[t]
            if observe:
                observe(t, carried)
            gate[size:].reshape(2, size, -1)[:] *= carried
            gate[:size] *= gate[two:]
            back[:two] = gate[:two]
            self._through[t] = np.multiply(gate[two:], reset[t], out=back[two:])
            kept = np.multiply(carried, update[t], out=update[t])
            np.matmul(weight, back, out=carried)
            carried += kept
        return slopes, carried

    def by_weight(self, gates: Floats, gradient: Floats) -> None:
        two, before = 2 * self._size, columns(self._hidden[:-1]).T
        np.matmul(gates[:two], before, out=gradient[:two])
        self._by_product = columns(self._through)
        np.matmul(self._by_product, before, out=gradient[two:])

    def by_bias(self, by_gates: Floats) -> Floats:
        return np.concatenate([by_gates[: 2 * self._size], self._by_product.sum(axis=1)])


class GruBefore(_Gru):
    """H~ = tanh(X + (R ∘ H) W_hh + b_h)."""

    _steps = ("_opened", "_reset")

    def forward(self, gates: Floats, state: Floats) -> tuple[Floats, Floats]:
        two = 2 * self._size
        gates += self._bias
        hidden = self._hidden = self._begin(len(gates), state)
        self._opened, self._reset = gates, np.empty_like(hidden[1:])  # R ∘ H
        product = np.empty_like(gates[0])
        for t, gate in enumerate(gates):
            opened = gate[:two]
            opened += np.matmul(self._weight[:two], hidden[t], out=product[:two])
            _sigmoid(opened)
            reset = np.multiply(opened[: self._size], hidden[t], out=self._reset[t])
            new = gate[two:]
            new += np.matmul(self._weight[two:], reset, out=product[two:])
            np.tanh(new, out=new)
            _mix(opened[self._size :], hidden[t], new, out=hidden[t + 1])
        return hidden[1:], hidden[-1:]

    def backward(self, above: Floats, observe: Observer = None) -> tuple[Floats, Floats]:
        size, two = self._size, 2 * self._size
        slopes, update, reset = _slopes_of_gru(self._opened, self._hidden[:-1])
        slopes[:, :size] *= self._hidden[:-1]
        gate_weight, candidate_weight = (np.ascontiguousarray(w.T) for w in np.split(self._weight, [two]))
        carried = np.zeros(above.shape[1:], np.float32)
        through, back = np.empty_like(carried), np.empty_like(carried)
        for t in range(len(above) - 1, -1, -1):
            gate = slopes[t]
            carried += above[t]
            if observe:
                observe(t, carried)
            gate[size:].reshape(2, size, -1)[:] *= carried
            np.matmul(candidate_weight, gate[two:], out=through)
            gate[:size] *= through
            carried *= update[t]
            carried += np.multiply(through, reset[t], out=through)
            carried += np.matmul(gate_weight, gate[:two], out=back)
        return slopes, carried

    def by_weight(self, gates: Floats, gradient: Floats) -> None:
        two = 2 * self._size
        np.matmul(gates[:two], columns(self._hidden[:-1]).T, out=gradient[:two])
        np.matmul(gates[two:], columns(self._reset).T, out=gradient[two:])


class Lstm(Recurrence):
    """I, F, O = σ(·); C~ = tanh(·); C' = F ∘ C + I ∘ C~; H' = O ∘ tanh(C'), gates in the order I, F, C~, O."""

    keeps = "forget"
    _states = ("_hidden", "_memory")
    _steps = ("_opened", "_shown")

    def gates(self) -> dict[str, Floats]:
        opened = self._opened.reshape(len(self._opened), 4, self._size, -1)
        return {"input": opened[:, 0], "forget": opened[:, 1], "output": opened[:, 3]}

    def forward(self, gates: Floats, state: Floats) -> tuple[Floats, Floats]:
        size = self._size
        gates += self._bias
        hidden = self._hidden = self._begin(len(gates), state)
        memory = self._memory = self._begin(len(gates), state[1:])
        self._opened, self._shown = gates, np.empty_like(hidden[1:])  # tanh(C')
        product, new = np.empty_like(gates[0]), np.empty_like(hidden[0])
        for t, gate in enumerate(gates):
            gate += np.matmul(self._weight, hidden[t], out=product)
            _sigmoid(gate[: 2 * size])
            _sigmoid(gate[3 * size :])
            candidate = np.tanh(gate[2 * size : 3 * size], out=gate[2 * size : 3 * size])
            kept = np.multiply(gate[size : 2 * size], memory[t], out=memory[t + 1])
            kept += np.multiply(gate[:size], candidate, out=new)
            shown = np.tanh(kept, out=self._shown[t])
            np.multiply(gate[3 * size :], shown, out=hidden[t + 1])
        return hidden[1:], np.stack([hidden[-1], memory[-1]])

    def backward(self, above: Floats, observe: Observer = None) -> tuple[Floats, Floats]:
        slopes, forget, output = self._slopes()
        weight, carried = self._transposed(), np.zeros(above.shape[1:], np.float32)
        memory, by_memory = np.zeros_like(carried), np.empty_like(carried)
        for t in range(len(above) - 1, -1, -1):
            gate = slopes[t]
            carried += above[t]
            if observe:
                observe(t, carried, memory)
            memory += np.multiply(carried, output[t], out=by_memory)
            gate[:3] *= memory
            gate[3] *= carried
            memory *= forget[t]
            np.matmul(weight, gate.reshape(4 * self._size, -1), out=carried)
        return slopes.reshape(self._opened.shape), carried

    def _slopes(self) -> tuple[Floats, Floats, Floats]:
        """Return each gate's derivative (T, 4, H, N), in place; the forget gate and O ∘ tanh'(C'), (T, H, N)."""
        gates = self._opened.reshape(len(self._opened), 4, self._size, -1)
        entry, forget, candidate, output = (gates[:, gate] for gate in range(4))
        kept = forget.copy()
        through = _slope_of_tanh(self._shown)
        through *= output
        output *= _ONE - output
        output *= self._shown
        forget *= _ONE - forget
        forget *= self._memory[:-1]
        by_candidate = _slope_of_tanh(candidate)
        by_candidate *= entry
        entry *= _ONE - entry
        entry *= candidate
        candidate[:] = by_candidate
        return gates, kept, through

    def by_weight(self, gates: Floats, gradient: Floats) -> None:
        np.matmul(gates, columns(self._hidden[:-1]).T, out=gradient)


def recurrence_of(config: ModelConfig) -> type[Recurrence]:
    """Return the recurrence of the configured cell."""
    if config.cell == "gru":
        return {"after": GruAfter, "before": GruBefore}[config.gru_reset]
    return {"rnn": Rnn, "lstm": Lstm}[config.cell]


def columns(x: Floats) -> Floats:
    """(T, F, N) -> (F, T·N), the steps side by side, for one product over all of them."""
    return np.ascontiguousarray(x.transpose(1, 0, 2)).reshape(x.shape[1], -1)


def _sigmoid(x: Floats) -> None:
    """1 / (1 + exp(-x)) in place, without overflow."""
    x *= _HALF
    np.tanh(x, out=x)
    x *= _HALF
    x += _HALF


def _mix(update: Floats, old: Floats, new: Floats, *, out: Floats) -> None:
    """Write new + Z ∘ (old - new) into ``out``."""
    np.subtract(old, new, out=out)
    out *= update
    out += new


def _slope_of_tanh(y: Floats) -> Floats:
    """1 - y², for y = tanh(x)."""
    slope = np.multiply(y, y)
    return np.subtract(_ONE, slope, out=slope)


def _slopes_of_gru(opened: Floats, before: Floats) -> tuple[Floats, Floats, Floats]:
    """Return each gate's derivative (T, 3H, N), in place of R, Z and H~; also Z and R, (T, H, N).

    The derivative of the reset gate lacks the factor that R multiplies.
    """
    size = before.shape[1]
    reset, update, candidate = (opened[:, gate * size : (gate + 1) * size] for gate in range(3))
    kept, opened_reset = update.copy(), reset.copy()
    slope = _slope_of_tanh(candidate)
    update *= _ONE - update
    update *= before - candidate
    candidate[:] = slope
    candidate *= _ONE - kept
    reset *= _ONE - reset
    return opened, kept, opened_reset
