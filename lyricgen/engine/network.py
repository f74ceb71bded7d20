"""The interface of an engine: the loss of a minibatch and its gradient, over one flat vector of parameters."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lyricgen.config import ModelConfig, TrainConfig
from lyricgen.model.parameters import Floats, initial_state, parameter_shapes, stacks
from lyricgen.text.batches import Batch
from lyricgen.text.vocabulary import Ids

Masks = Sequence[Floats]  # what dropout leaves of the input and of each layer's output, scaled: (1, N, D or H) each
_ALIGNED = 64  # bytes: a cache line, and the widest register


class Minibatch(NamedTuple):
    """A minibatch with all random numbers that are drawn for it."""

    read: Batch  # what the network reads, both (T, N)
    labels: Ids  # (T, N)
    resets: NDArray[np.bool_]  # (N,): the rows that begin from a zero state
    masks: Masks

    def of_rows(self, rows: slice) -> Minibatch:
        """Return the minibatch of those rows alone."""
        masks = [mask[:, rows] for mask in self.masks]
        read = Batch(self.read.x[:, rows], self.read.y[:, rows])
        return Minibatch(read, self.labels[:, rows], self.resets[rows], masks)


class Network(ABC):
    """Parameters and gradients as one vector each, of which every tensor is a view.

    The norm, the clipping and the update are then the same for every engine, and one operation each.
    """

    def __init__(self, config: ModelConfig, vocabulary_size: int, vector: Floats) -> None:
        self.config = config
        self.vocabulary_size = vocabulary_size
        self.shapes = parameter_shapes(config, vocabulary_size)
        self.vector = vector
        self.gradient = aligned(vector.size)
        ends = np.cumsum([math.prod(shape) for shape in self.shapes.values()]).tolist()
        self.places = {name: slice(*span) for name, span in zip(self.shapes, zip([0, *ends], ends))}

    def views(self, vector: Floats) -> dict[str, Floats]:
        """Return every tensor of a vector (P,) by its name."""
        return {name: vector[span].reshape(self.shapes[name]) for name, span in self.places.items()}

    def parameters(self) -> dict[str, Floats]:
        """Return a copy of every parameter by its name."""
        return self.views(self.vector.copy())

    def initial_state(self, batch_size: int) -> Floats:
        """Return zeros (L, S, N, H)."""
        return initial_state(self.config, batch_size)

    @abstractmethod
    def backward(self, minibatch: Minibatch, state: Floats) -> tuple[float, Floats]:
        """Leave the gradient of a minibatch's summed loss in ``gradient``.

        Return that loss in nats and the state (L, S, N, H) after the minibatch, through which no gradient flows back.
        """

    @abstractmethod
    def nats(self, ids: Ids, labels: Ids, state: Floats, following: Ids | None = None) -> tuple[Floats, Floats]:
        """Return -ln p (T, N) of each label (T, N) after ids (T, N), and the state after them.

        A bidirectional network also reads the ids ``following`` each of them, (T or more, N): from their end, with a
        zero state there, back to the one just behind the character that it predicts.
        """


def flatten(config: ModelConfig, parameters: Mapping[str, Floats]) -> Floats:
    """Return the vector (P,) of all parameters, in the order of ``parameter_shapes``."""
    shapes = parameter_shapes(config, len(parameters["output.bias"]))
    vector = aligned(sum(map(math.prod, shapes.values())))
    np.concatenate([parameters[name].ravel() for name in shapes], out=vector)
    return vector


def aligned(size: int) -> Floats:
    """Return zeros (size,) that begin at a cache line, wherever NumPy's own arrays begin."""
    memory = np.zeros(4 * size + _ALIGNED, np.uint8)
    begin = -memory.ctypes.data % _ALIGNED
    return memory[begin : begin + 4 * size].view(np.float32)


def dropout_masks(config: ModelConfig, train: TrainConfig, batch_size: int, rng: np.random.Generator) -> Masks:
    """Draw masks that drop the same units at every step of a minibatch, scaled by 1 / (1 - rate), if there is dropout.

    Locked (variational) dropout: Gal & Ghahramani 2016, Merity et al. 2018. Drawn in NumPy, so that they depend neither
    on the engine nor on the number of threads.
    """
    if not train.dropout:
        return ()
    rate = train.dropout
    widths = [config.embedding_size] + [config.hidden] * config.layers
    return [
        (rng.random((1, batch_size, width)) >= rate) * np.float32(1 / (1 - rate))
        for width in widths * len(stacks(config))
    ]
