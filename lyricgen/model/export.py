"""A checkpoint for other frameworks: an ONNX graph of one step, or tensors by PyTorch's names.

PyTorch's gates lie in the order of ours (LSTM: input, forget, candidate, output; GRU: reset, update, candidate, reset
after the product), since both are cuDNN's.
"""

from __future__ import annotations

import dataclasses
import json
from typing import IO, Any

import numpy as np

from lyricgen import __version__, storage
from lyricgen.errors import MissingError, OptionError
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.model.parameters import GATES, STATES, Floats, output_weight

FORMATS = {"onnx": ".onnx", "torch": ".safetensors"}
_OPSET, _IR = 17, 8


def metadata(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return what other programs need: the character of id i is ``vocabulary[i - 1]``, id 0 is the unknown one."""
    return {
        "lyricgen_version": __version__,
        "model": dataclasses.asdict(checkpoint.model),
        "vocabulary": checkpoint.vocabulary.characters,
        "newlines": checkpoint.newlines,
    }


def torch_tensors(checkpoint: Checkpoint) -> dict[str, Floats]:
    """Return tensors by the names of ``torch.nn``: ``embedding``, ``rnn`` (RNN, GRU or LSTM) and ``output`` (Linear).

    Raises
    ------
    OptionError
        PyTorch has no such cell.
    """
    model, parameters = checkpoint.model, checkpoint.parameters
    _check(checkpoint, "torch")
    if model.resets_before:
        raise OptionError("--format torch: PyTorch has no GRU that resets before the product; use --format onnx")
    tensors = {"embedding.weight": parameters["embedding.weight"]}
    for layer in range(model.layers):
        for ours, theirs in (("input", "ih"), ("hidden", "hh")):
            for kind in ("weight", "bias"):
                tensors[f"rnn.{kind}_{theirs}_l{layer}"] = parameters[f"layers.{layer}.{ours}_{kind}"]
    tensors["output.weight"] = output_weight(model, parameters)
    tensors["output.bias"] = parameters["output.bias"]
    return {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}


def write(checkpoint: Checkpoint, file: IO[bytes], format: str) -> None:
    """Write a file of that format, ``onnx`` or ``torch``; OptionError if it has no such model."""
    {"onnx": write_onnx, "torch": write_torch}[format](checkpoint, file)


def write_torch(checkpoint: Checkpoint, file: IO[bytes]) -> None:
    """Write a safetensors file of ``torch_tensors``, with ``metadata`` as JSON under the key ``lyricgen``."""
    storage.save_tensors(file, torch_tensors(checkpoint), json.dumps(metadata(checkpoint), ensure_ascii=False))


def write_onnx(checkpoint: Checkpoint, file: IO[bytes]) -> None:
    """Write the graph of one step: ids (N,) int64, state (L, S, N, H) -> logits (N, V), state after them.

    ``metadata`` stands in the model's metadata, a JSON value for each key. The state before any text is zero.
    """
    try:
        import onnx
    except ImportError:
        raise MissingError('onnx is not installed: pip install "onnx>=1.15"') from None
    _check(checkpoint, "onnx")
    graph = _Graph(onnx, checkpoint)
    made = onnx.helper.make_model(
        graph.build(), opset_imports=[onnx.helper.make_opsetid("", _OPSET)], producer_name="lyricgen", ir_version=_IR
    )
    values = {key: json.dumps(value, ensure_ascii=False) for key, value in metadata(checkpoint).items()}
    onnx.helper.set_model_props(made, values)
    onnx.checker.check_model(made, full_check=True)
    file.write(made.SerializeToString())


def _check(checkpoint: Checkpoint, kind: str) -> None:
    if checkpoint.model.cell == "ngram":
        raise OptionError(f"--format {kind}: only networks can be exported, not n-gram models")
    if checkpoint.model.bidirectional:
        raise OptionError(
            f"--format {kind}: only networks that write can be exported; a bidirectional one fills blanks"
        )


class _Graph:
    """The nodes of one step, each result under a name of its own."""

    def __init__(self, onnx: Any, checkpoint: Checkpoint) -> None:
        self._onnx = onnx
        self._model = checkpoint.model
        self._parameters = checkpoint.parameters
        self._size = len(checkpoint.vocabulary)
        self._count = 0
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def build(self) -> Any:
        make, kinds = self._onnx.helper.make_tensor_value_info, self._onnx.TensorProto
        model = self._model
        shape = [model.layers, STATES[model.cell], "N", model.hidden]
        x, states = self._op("Gather", self._constant("embedding.weight"), "ids"), []
        for layer in range(model.layers):
            old = [self._part("state", layer, part) for part in range(STATES[model.cell])]
            new = self._step(layer, x, old)
            states.append(self._op("Concat", *[self._lift(part, 0) for part in new], axis=0))
            x = new[0]
        self._op("Concat", *[self._lift(state, 0) for state in states], axis=0, result="next_state")
        weight = self._tensor("output_weight", output_weight(model, self._parameters))
        self._op("Gemm", x, weight, self._constant("output.bias"), transB=1, result="logits")
        return self._onnx.helper.make_graph(
            self._nodes,
            "step",
            [make("ids", kinds.INT64, ["N"]), make("state", kinds.FLOAT, shape)],
            [make("logits", kinds.FLOAT, ["N", self._size]), make("next_state", kinds.FLOAT, shape)],
            self._constants,
        )

    def _step(self, layer: int, x: str, state: list[str]) -> list[str]:
        """Return the new parts of a layer's state, its hidden state first."""
        gates = self._gates(layer, "input", x)
        if self._model.cell == "gru":
            return [self._gru(layer, gates, state[0])]
        together = self._op("Add", self._op("Concat", *gates, axis=1), self._affine(layer, "hidden", state[0]))
        if self._model.cell == "rnn":
            return [self._op("Tanh", together)]
        entry, forget, candidate, exit_ = self._split(together)
        kept = self._op("Mul", self._op("Sigmoid", forget), state[1])
        memory = self._op("Add", kept, self._op("Mul", self._op("Sigmoid", entry), self._op("Tanh", candidate)))
        return [self._op("Mul", self._op("Sigmoid", exit_), self._op("Tanh", memory)), memory]

    def _gru(self, layer: int, gates: list[str], hidden: str) -> str:
        reset, update, candidate = self._gates(layer, "hidden", hidden)
        reset = self._op("Sigmoid", self._op("Add", gates[0], reset))
        update = self._op("Sigmoid", self._op("Add", gates[1], update))
        if self._model.gru_reset == "after":
            inner = self._op("Mul", reset, candidate)
        else:
            inner = self._gates(layer, "hidden", self._op("Mul", reset, hidden))[2]
        new = self._op("Tanh", self._op("Add", gates[2], inner))
        return self._op("Add", new, self._op("Mul", update, self._op("Sub", hidden, new)))

    def _gates(self, layer: int, kind: str, x: str) -> list[str]:
        return self._split(self._affine(layer, kind, x))

    def _affine(self, layer: int, kind: str, x: str) -> str:
        name = f"layers.{layer}.{kind}"
        return self._op("Gemm", x, self._constant(f"{name}_weight"), self._constant(f"{name}_bias"), transB=1)

    def _split(self, gates: str) -> list[str]:
        count = GATES[self._model.cell]
        if count == 1:
            return [gates]
        names = [self._name() for _ in range(count)]
        sizes = self._tensor("sizes", np.full(count, self._model.hidden, np.int64))
        self._nodes.append(self._onnx.helper.make_node("Split", [gates, sizes], names, name=names[0], axis=1))
        return names

    def _part(self, state: str, layer: int, part: int) -> str:
        """State (L, S, N, H) -> (N, H) of a layer's part."""
        of_layer = self._op("Gather", state, self._tensor("layer", np.array(layer, np.int64)), axis=0)
        return self._op("Gather", of_layer, self._tensor("part", np.array(part, np.int64)), axis=0)

    def _lift(self, x: str, axis: int) -> str:
        return self._op("Unsqueeze", x, self._tensor("axis", np.array([axis], np.int64)))

    def _op(self, kind: str, *inputs: str, result: str = "", **attributes: Any) -> str:
        name = result or self._name()
        # ONNX Runtime before 1.20 takes two nodes without a name for one and the same.
        self._nodes.append(self._onnx.helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def _constant(self, parameter: str) -> str:
        return self._tensor(parameter, self._parameters[parameter])

    def _tensor(self, name: str, value: Any) -> str:
        unique = f"{name}_{len(self._constants)}"
        self._constants.append(self._onnx.numpy_helper.from_array(np.array(value, order="C"), unique))
        return unique

    def _name(self) -> str:
        self._count += 1
        return f"x{self._count}"
