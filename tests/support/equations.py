"""The equations of the design written as plainly as they stand there: one gate at a time, in double precision."""

from __future__ import annotations

from typing import Any

import numpy as np

from lyricgen.config import ModelConfig

Array = np.ndarray[Any, Any]


def sigma(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def plain_step(config: ModelConfig, p: dict[str, Array], x: Array, state: list[Array]) -> list[Array]:
    """x (N, D or H), state [h] or [h, c] of one layer -> the new state."""
    return plain_step_and_gates(config, p, x, state)[0]


def plain_step_and_gates(
    config: ModelConfig, p: dict[str, Array], x: Array, state: list[Array]
) -> tuple[list[Array], dict[str, Array]]:
    """The new state, and the gates by their names."""
    size, h = config.hidden, state[0]
    gates = {"rnn": "h", "gru": "rzh", "lstm": "ifco"}[config.cell]
    w_x, w_h, b_x, b_h = (
        {gate: p[name][i * size : (i + 1) * size] for i, gate in enumerate(gates)}
        for name in ("input_weight", "hidden_weight", "input_bias", "hidden_bias")
    )

    def both(gate: str) -> Array:
        return x @ w_x[gate].T + h @ w_h[gate].T + b_x[gate] + b_h[gate]

    if config.cell == "rnn":
        return [np.tanh(both("h"))], {}
    if config.cell == "lstm":
        c = sigma(both("f")) * state[1] + sigma(both("i")) * np.tanh(both("c"))
        opened = {"input": sigma(both("i")), "forget": sigma(both("f")), "output": sigma(both("o"))}
        return [opened["output"] * np.tanh(c), c], opened
    r, z = sigma(both("r")), sigma(both("z"))
    if config.gru_reset == "before":
        candidate = np.tanh(x @ w_x["h"].T + (r * h) @ w_h["h"].T + b_x["h"] + b_h["h"])
    else:
        candidate = np.tanh(x @ w_x["h"].T + b_x["h"] + r * (h @ w_h["h"].T + b_h["h"]))
    return [z * h + (1 - z) * candidate], {"reset": r, "update": z}


def plain_forward(config: ModelConfig, parameters: dict[str, Array], ids: Array, state: Array) -> tuple[Array, Array]:
    """ids (T, N), state (L, S, N, H) -> logits (T, N, V), state after T steps; one-hot input, as in the book."""
    p = {name: value.astype(np.float64) for name, value in parameters.items()}
    states = [list(layer.astype(np.float64)) for layer in state]
    output = p["output.weight"] if not config.tie else p["embedding.weight"]
    if "projection.weight" in p:
        output = output @ p["projection.weight"]
    logits = []
    for row in ids:
        x = np.eye(len(p["output.bias"]))[row] @ p["embedding.weight"]
        for layer in range(config.layers):
            prefix = f"layers.{layer}."
            mine = {name[len(prefix) :]: value for name, value in p.items() if name.startswith(prefix)}
            states[layer] = plain_step(config, mine, x, states[layer])
            x = states[layer][0]
        logits.append(x @ output.T + p["output.bias"])
    return np.stack(logits), np.array(states)


def plain_loss(config: ModelConfig, parameters: dict[str, Array], x: Array, y: Array, state: Array) -> float:
    """The summed cross-entropy of labels y (T, N) in nats."""
    logits, _ = plain_forward(config, parameters, x, state)
    shifted = logits - logits.max(-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return float(-np.take_along_axis(log_p, y[..., None].astype(int), -1).sum())
