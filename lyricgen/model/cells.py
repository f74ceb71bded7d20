"""The equations of the recurrent cells, one step each.

``x`` (N, G·H) is the input already multiplied, its bias added; ``state`` (S, N, H) is the old state; ``weight``
(H, G·H) and ``bias`` (G·H,) act on the hidden state. Each cell returns the new state (S, N, H).
"""

from __future__ import annotations

from typing import Callable

import numpy as np

from lyricgen.config import ModelConfig
from lyricgen.model.parameters import Floats

_HALF = np.float32(0.5)
_APART = 6  # rows that OpenBLAS multiplies faster one by one
_FEW = 16  # rows that it multiplies faster as weight.T @ x.T
_BLOCK = 64  # columns: 1, 2, 4, 8 or 16 threads share them in whole fours


def times(x: Floats, weight: Floats) -> Floats:
    """x (N, D) times weight (D, G), which is the transpose of a contiguous array."""
    if len(x) <= _APART:
        return _one_by_one(x, weight)
    product: Floats = (weight.T @ x.T).T if len(x) <= _FEW else x @ weight
    return product


def _one_by_one(x: Floats, weight: Floats) -> Floats:
    """x (N, D) times weight (D, G): the same bits for a row whatever the other rows and the number of threads.

    For one row OpenBLAS gives each thread a share of the columns, takes four at a time and rounds the rest of a share
    in another way. So the columns after the last whole block are computed as the end of one more whole block.
    """
    rows, rest = x[:, :, None], weight.shape[1] % _BLOCK
    product: Floats
    if weight.shape[1] < _BLOCK:
        product = weight.T @ np.repeat(rows, 2, axis=2)  # two columns: it rounds all alike
    elif rest:
        product = np.concatenate([weight.T[:-rest] @ rows, (weight.T[-_BLOCK:] @ rows)[:, -rest:]], axis=1)
    else:
        product = weight.T @ rows
    return product[:, :, 0]


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x)), written so that no x overflows."""
    opened: Floats = x * _HALF
    np.tanh(opened, out=opened)
    opened *= _HALF
    opened += _HALF
    return opened


def rnn(x: Floats, state: Floats, weight: Floats, bias: Floats) -> Floats:
    """H' = tanh(X W_xh + H W_hh + b_h) (Elman 1990)."""
    new: Floats = np.tanh(x + times(state[0], weight) + bias)[None]
    return new


def gru_after(x: Floats, state: Floats, weight: Floats, bias: Floats) -> Floats:
    """R, Z = σ(·); H~ = tanh(X W_xh + b_x + R ∘ (H W_hh + b_h)); H' = Z ∘ H + (1 - Z) ∘ H~ (cuDNN's variant)."""
    size, hidden = state.shape[-1], state[0]
    product = times(hidden, weight) + bias
    opened = sigmoid(x[:, : 2 * size] + product[:, : 2 * size])
    candidate = product[:, 2 * size :]
    candidate *= opened[:, :size]
    candidate += x[:, 2 * size :]
    return _mixed(opened[:, size:], hidden, np.tanh(candidate, out=candidate))


def gru_before(x: Floats, state: Floats, weight: Floats, bias: Floats) -> Floats:
    """R, Z = σ(·); H~ = tanh(X W_xh + (R ∘ H) W_hh + b_h); H' = Z ∘ H + (1 - Z) ∘ H~ (Cho et al. 2014)."""
    size, hidden = state.shape[-1], state[0]
    two = 2 * size
    opened = sigmoid(x[:, :two] + times(hidden, weight[:, :two]) + bias[:two])
    candidate = x[:, two:] + times(opened[:, :size] * hidden, weight[:, two:]) + bias[two:]
    return _mixed(opened[:, size:], hidden, np.tanh(candidate, out=candidate))


def _mixed(update: Floats, hidden: Floats, candidate: Floats) -> Floats:
    """Z ∘ H + (1 - Z) ∘ H~, as a state (1, N, H)."""
    new: Floats = hidden - candidate
    new *= update
    new += candidate
    return new[None]


def lstm(x: Floats, state: Floats, weight: Floats, bias: Floats) -> Floats:
    """I, F, O = σ(·); C~ = tanh(·); C' = F ∘ C + I ∘ C~; H' = O ∘ tanh(C') (Gers et al. 2000).

    The gates lie in the order input, forget, candidate, output.
    """
    size = state.shape[-1]
    gates = times(state[0], weight)
    gates += x
    gates += bias
    candidate = np.tanh(gates[:, 2 * size : 3 * size])
    gates *= _HALF
    opened = np.tanh(gates, out=gates)
    opened *= _HALF
    opened += _HALF
    candidate *= opened[:, :size]
    new = np.empty_like(state)
    hidden, memory = new
    np.multiply(opened[:, size : 2 * size], state[1], out=memory)
    memory += candidate
    np.tanh(memory, out=hidden)
    hidden *= opened[:, 3 * size :]
    return new


Cell = Callable[[Floats, Floats, Floats, Floats], Floats]


def cell_of(config: ModelConfig) -> Cell:
    """Return the function that computes one step of the configured cell."""
    if config.cell == "gru":
        return {"after": gru_after, "before": gru_before}[config.gru_reset]
    return {"rnn": rnn, "lstm": lstm}[config.cell]
