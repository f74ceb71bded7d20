"""Loads an exported model into torch.nn and compares its logits; for a Python that has PyTorch, safetensors and NumPy.

    lyricgen export --format torch -o model.safetensors
    torch/bin/python tests/benchmarks/peer_load.py model.safetensors logits.npy

``logits.npy``: what ``lyricgen.load().decoder`` gives for ids 1, 2, ..., 20 from a zero state, (20, V):

    python -c "import lyricgen, numpy as np
    d = lyricgen.load().decoder; s = d.initial_state(1); rows = []
    for i in range(1, 21): x, s = d.step(np.array([i]), s); rows.append(x[0])
    np.save('logits.npy', rows)"
"""

from __future__ import annotations

import json
import sys

import numpy as np
import torch
from safetensors import safe_open


def main() -> None:
    path, expected = sys.argv[1], np.load(sys.argv[2])
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        told = json.loads(file.metadata()["lyricgen"])
    model, (size, width) = told["model"], tensors["embedding.weight"].shape
    embedding = torch.nn.Embedding(size, width)
    kind = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[model["cell"]]
    rnn, output = kind(width, model["hidden"], model["layers"]), torch.nn.Linear(model["hidden"], size)
    for name, module in (("embedding", embedding), ("rnn", rnn), ("output", output)):
        own = {key.split(".", 1)[1]: tensor for key, tensor in tensors.items() if key.startswith(name + ".")}
        print(name, module.load_state_dict(own))
    with torch.no_grad():
        hidden, _ = rnn(embedding(torch.arange(1, 21)[:, None]))
        logits = output(hidden)[:, 0].numpy()
    print(model["cell"], "largest difference", float(np.abs(logits - expected).max()))


if __name__ == "__main__":
    main()
