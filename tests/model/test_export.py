"""Exports against the model itself: ONNX Runtime for the graph, PyTorch's documented equations for its tensors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

import numpy as np
import onnxruntime
import pytest
from safetensors import safe_open
from support.command import Cli

from lyricgen.config import SampleConfig
from lyricgen.errors import OptionError
from lyricgen.model import export
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.model.parameters import STATES
from lyricgen.writing.generation import write_songs

Make = Callable[..., Checkpoint]
CELLS = [("rnn", "after"), ("gru", "after"), ("gru", "before"), ("lstm", "after")]
WIDTHS = [{"tie": True, "embedding": 6}, {"tie": True, "embedding": 5}, {"tie": False, "embedding": 5, "layers": 3}]


class Runtime:
    """ONNX Runtime as a decoder."""

    def __init__(self, path: Path, checkpoint: Checkpoint) -> None:
        self.session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        self._decoder = checkpoint.decoder()
        self.initial_state, self.select, self.join = (
            self._decoder.initial_state,
            self._decoder.select,
            self._decoder.join,
        )

    def step(self, ids: Any, state: Any) -> tuple[Any, Any]:
        logits, after = self.session.run(None, {"ids": np.asarray(ids, np.int64), "state": state})
        return logits, after

    def probabilities(self, ids: Any) -> Any:
        raise NotImplementedError


@pytest.mark.parametrize(("cell", "reset"), CELLS)
@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_onnx_runtime_computes_the_same(
    cell: str, reset: str, widths: dict[str, Any], random_checkpoint: Make, tmp_path: Path
) -> None:
    checkpoint = random_checkpoint(cell=cell, gru_reset=reset, **widths)
    with open(tmp_path / "a.onnx", "wb") as file:
        export.write_onnx(checkpoint, file)
    runtime, decoder = Runtime(tmp_path / "a.onnx", checkpoint), checkpoint.decoder()
    ids = np.random.default_rng(1).integers(len(checkpoint.vocabulary), size=(7, 4))
    ours, theirs = decoder.initial_state(4), decoder.initial_state(4)
    for row in ids:
        (logits, ours), (found, theirs) = decoder.step(row, ours), runtime.step(row, theirs)
        np.testing.assert_allclose(found, logits, atol=1e-5)
        np.testing.assert_allclose(theirs, ours, atol=1e-5)
    config = SampleConfig(length=60)
    songs = [
        list(write_songs(each, checkpoint.vocabulary, "山", config, seed=3, samples=2)) for each in (runtime, decoder)
    ]
    assert songs[0] == songs[1]
    told = runtime.session.get_modelmeta().custom_metadata_map
    assert json.loads(told["vocabulary"]) == checkpoint.vocabulary.characters
    assert json.loads(told["model"])["cell"] == cell


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def torch_step(cell: str, tensors: dict[str, Any], layer: int, x: Any, h: Any, c: Any) -> tuple[Any, Any]:
    """As torch.nn.RNN, GRU and LSTM are documented."""
    names = (f"{kind}_{side}_l{layer}" for side in ("ih", "hh") for kind in ("weight", "bias"))
    w_ih, b_ih, w_hh, b_hh = (tensors[f"rnn.{name}"].astype(float) for name in names)
    inputs, hidden = x @ w_ih.T + b_ih, h @ w_hh.T + b_hh
    if cell == "rnn":
        return np.tanh(inputs + hidden), c
    if cell == "lstm":
        i, f, g, o = np.split(inputs + hidden, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c
    (r, z, n), (hr, hz, hn) = np.split(inputs, 3, axis=1), np.split(hidden, 3, axis=1)
    r, z = sigmoid(r + hr), sigmoid(z + hz)
    return (1 - z) * np.tanh(n + r * hn) + z * h, c


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_torch_s_equations_compute_the_same(
    cell: str, widths: dict[str, Any], random_checkpoint: Make, tmp_path: Path
) -> None:
    checkpoint = random_checkpoint(cell=cell, **widths)
    rng = np.random.default_rng(2)
    for tensor in checkpoint.parameters.values():  # biases begin as zeros
        tensor[...] += rng.normal(0, 0.3, tensor.shape)
    with open(tmp_path / "a.safetensors", "wb") as file:
        export.write_torch(checkpoint, file)
    with safe_open(tmp_path / "a.safetensors", framework="numpy") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        told = json.loads(file.metadata()["lyricgen"])
    assert told["vocabulary"] == checkpoint.vocabulary.characters
    decoder, count = checkpoint.decoder(), checkpoint.model.layers
    state = decoder.initial_state(3)
    hidden, memory = ([np.zeros((3, 6))] * count for _ in range(2))
    hidden, memory = list(hidden), list(memory)
    for row in rng.integers(len(checkpoint.vocabulary), size=(5, 3)):
        logits, state = decoder.step(row, state)
        x = tensors["embedding.weight"][row].astype(float)
        for layer in range(count):
            hidden[layer], memory[layer] = torch_step(cell, tensors, layer, x, hidden[layer], memory[layer])
            x = hidden[layer]
        np.testing.assert_allclose(x @ tensors["output.weight"].T + tensors["output.bias"], logits, atol=1e-5)
    assert state.shape[1] == STATES[cell]


def test_what_cannot_be_exported(random_checkpoint: Make) -> None:
    with pytest.raises(OptionError, match="--format onnx"):
        export.torch_tensors(random_checkpoint(cell="gru", gru_reset="before"))
    with pytest.raises(OptionError, match="bidirectional"):
        export.torch_tensors(random_checkpoint(bidirectional=True))


@pytest.mark.process
def test_the_command(cli: Cli, trained: Path, tmp_path: Path) -> None:
    model = str(trained / "checkpoints")
    result = cli("export", "-c", model, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (0, "model.onnx\n"), result.stderr
    assert "--force" in cli("export", "-c", model, cwd=tmp_path).stderr
    result = cli("export", "-c", model, "--format", "torch", "-o", "a/b.safetensors", cwd=tmp_path)
    assert (result.returncode, result.stdout.strip()) == (0, str(Path("a", "b.safetensors")))
    (tmp_path / "onnx.py").write_text("raise ImportError")
    result = cli("export", "-c", model, "-f", cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)})
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == 'Error: onnx is not installed: pip install "onnx>=1.15"\n'
