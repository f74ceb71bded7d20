"""The same network in PyTorch, run by the other benchmarks with a Python that has it. Prints one number or figure line.

torch/bin/python tests/benchmarks/peer_torch.py train --cell lstm --hidden 256 --layers 2 --vocabulary 2583
torch/bin/python tests/benchmarks/peer_torch.py decode --cell lstm --hidden 256 --layers 2 --vocabulary 2583
"""

from __future__ import annotations

import argparse
import json
import time

import torch


class Network(torch.nn.Module):
    """Embedding as wide as the hidden state, recurrent layers, linear output."""

    def __init__(self, cell: str, vocabulary: int, hidden: int, layers: int) -> None:
        super().__init__()
        kind = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[cell]
        self.embedding = torch.nn.Embedding(vocabulary, hidden)
        self.recurrent = kind(hidden, hidden, num_layers=layers)
        self.output = torch.nn.Linear(hidden, vocabulary)

    def forward(self, ids, state=None):  # type: ignore[no-untyped-def]
        """Ids (T, N) -> logits (T, N, V), state."""
        hidden, state = self.recurrent(self.embedding(ids), state)
        return self.output(hidden), state


def training(network: Network, options: argparse.Namespace) -> float:
    """Characters per second over ``options.seconds`` of training steps: Adam, clipping, cross-entropy."""
    adam = torch.optim.Adam(network.parameters(), lr=1e-3)
    text = torch.randint(options.vocabulary, (options.steps + 1, options.batch_size))

    def step() -> None:
        adam.zero_grad()
        logits, _ = network(text[:-1])
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), text[1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        adam.step()
        loss.item()

    return rate(step, options.steps * options.batch_size, options.seconds)


def decoding(network: Network, options: argparse.Namespace) -> float:
    """Characters per second of ``options.batch_size`` songs side by side, each character drawn."""
    memory = {"ids": torch.zeros(1, options.batch_size, dtype=torch.long), "state": None}

    def step() -> None:
        logits, memory["state"] = network(memory["ids"], memory["state"])
        drawn = torch.multinomial(torch.softmax(logits[0] / 0.8, dim=-1), num_samples=1)
        memory["ids"] = drawn.T

    with torch.inference_mode():
        return rate(step, options.batch_size, options.seconds)


def rate(step, characters: int, seconds: float) -> float:  # type: ignore[no-untyped-def]
    """Characters per second of the fastest of five stretches, after some steps that do not count."""
    for _ in range(3):
        step()
    best = 0.0
    for _ in range(5):
        count, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds / 5:
            step()
            count += 1
        best = max(best, count * characters / (time.perf_counter() - began))
    return best


def main() -> None:
    """One line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["train", "decode", "song"])
    parser.add_argument("--cell", default="lstm")
    for name, value in {"hidden": 256, "layers": 1, "vocabulary": 1027, "batch-size": 32, "steps": 35}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    torch.manual_seed(0)
    network = Network(options.cell, options.vocabulary, options.hidden, options.layers)
    if options.what == "song":  # a whole process, as a user would wait for it
        with torch.inference_mode():
            ids, state = torch.zeros(1, 1, dtype=torch.long), None
            for _ in range(50):
                logits, state = network(ids, state)
                ids = torch.multinomial(torch.softmax(logits[0] / 0.8, dim=-1), num_samples=1).T
        return
    figure = {"train": training, "decode": decoding}[options.what](network, options)
    print(json.dumps({"torch": torch.__version__, "characters_per_second": figure}))


if __name__ == "__main__":
    main()
