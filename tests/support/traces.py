"""A network that reads one text, by the plain equations: all states and gates, and ln p of what comes next."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from lyricgen.config import ModelConfig
from lyricgen.model.checkpoint import Checkpoint
from support.equations import Array, plain_step_and_gates

CELLS: list[dict[str, Any]] = [
    {"cell": "rnn"},
    {"cell": "gru"},
    {"cell": "gru", "gru_reset": "before"},
    {"cell": "lstm", "layers": 2},
    {"cell": "gru", "layers": 2, "tie": False},
]
Nudge = Callable[[int, int, Array], Array]


def double(checkpoint: Checkpoint) -> dict[str, Array]:
    return {name: value.astype(np.float64) for name, value in checkpoint.parameters.items()}


def embedded(checkpoint: Checkpoint, ids: Any) -> Array:
    return double(checkpoint)["embedding.weight"][ids]


def output_of(config: ModelConfig, p: dict[str, Array]) -> Array:
    output = p["embedding.weight"] if config.tie else p["output.weight"]
    return output @ p["projection.weight"] if "projection.weight" in p else output


def read_plainly(
    config: ModelConfig, p: dict[str, Array], x: Array, *, stack: str = "layers", nudge: Nudge = lambda _t, _l, h: h
) -> tuple[list[list[list[Array]]], list[list[dict[str, Array]]]]:
    """x (T, D) -> [t][layer] the state, [h] or [h, c], and the gates; ``nudge`` may change h after a layer's step."""
    zero = np.zeros((1, config.hidden))
    state = [[zero] * (2 if config.cell == "lstm" else 1) for _ in range(config.layers)]
    states, gates = [], []
    for t, row in enumerate(x[:, None]):
        new, opened = [], []
        for layer in range(config.layers):
            prefix = f"{stack}.{layer}."
            mine = {name[len(prefix) :]: value for name, value in p.items() if name.startswith(prefix)}
            after, gate = plain_step_and_gates(config, mine, row, state[layer])
            after = [nudge(t, layer, after[0]), *after[1:]]
            new.append(after)
            opened.append(gate)
            row = after[0]
        state = new
        states.append(new)
        gates.append(opened)
    return states, gates


def log_p_of_next(config: ModelConfig, p: dict[str, Array], hidden: Array, ids: Any) -> Array:
    """hidden (T, H or 2H) -> ln p of each character after the first (T - 1,)."""
    logits = hidden[:-1] @ output_of(config, p).T + p["output.bias"]
    logits = logits - logits.max(axis=1, keepdims=True)
    return (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)))[np.arange(len(ids) - 1), ids[1:]]


def log_p(checkpoint: Checkpoint, x: Array, ids: Any, nudge: Nudge = lambda _t, _l, h: h) -> Array:
    """ln p of each character after the first, where x (T, D) is read in place of the text's embeddings."""
    config, p = checkpoint.model, double(checkpoint)
    states, _ = read_plainly(config, p, x, nudge=nudge)
    hidden = np.concatenate([each[-1][0] for each in states])
    if not config.bidirectional:
        return log_p_of_next(config, p, hidden, ids)
    behind, _ = read_plainly(config, p, x[:1:-1], stack="backward")
    back = [each[-1][0] for each in behind[::-1]] + [np.zeros((1, config.hidden))] * 2
    return log_p_of_next(config, p, np.concatenate([hidden, np.concatenate(back)], axis=1), ids)


def slopes(values: Callable[[float], Array], step: float = 1e-5) -> Array:
    """The derivative of some values by one number, by central differences."""
    return (values(step) - values(-step)) / (2 * step)
