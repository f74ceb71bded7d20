"""A gradient vector -> a step: clipping by global norm, then SGD or Adam over all parameters together.

The vectors are worked through in blocks that stay in a processor's cache, each thread with its own blocks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Callable

import numpy as np

from lyricgen.config import TrainConfig
from lyricgen.engine.pool import ALONE, Pool
from lyricgen.model.parameters import Floats

BETA1, BETA2, EPSILON = (np.float32(value) for value in (0.9, 0.999, 1e-8))  # Kingma & Ba 2015, section 2
_BLOCK = 2**17  # parameters


def global_norm(gradient: Floats, pool: Pool = ALONE) -> float:
    """‖g‖₂ of a vector (P,)."""
    squares = np.empty(-(-gradient.size // _BLOCK))

    def square(block: slice) -> None:
        squares[block.start // _BLOCK] = np.dot(gradient[block], gradient[block])

    pool.each_block(square, gradient.size, _BLOCK)
    return math.sqrt(squares.sum())


def clipping_scale(norm: float, clip: float) -> float:
    """min(1, θ / ‖g‖₂), the factor that brings the norm to at most ``clip`` (Pascanu et al. 2013); 0 clips nothing."""
    return min(1.0, clip / norm) if clip and norm else 1.0


class Optimizer:
    """Changes ``vector`` in place."""

    def __init__(self, config: TrainConfig, vector: Floats, pool: Pool = ALONE) -> None:
        self.config = config
        self.vector = vector
        self.count = 0
        self._pool = pool
        self._moments: dict[str, Floats] = {}
        if config.optimizer == "adam":
            self._moments = {name: np.zeros_like(vector) for name in ("mean", "variance")}

    def step(self, gradient: Floats, lr: float, *, divisor: float = 1.0) -> tuple[float, bool]:
        """Step down the clipped gradient; return its norm before clipping, and whether it was clipped.

        ``gradient`` is that of a sum; over ``divisor`` it is that of a mean. An infinite norm or NaN changes nothing.
        """
        norm = global_norm(gradient, self._pool) / divisor
        if not math.isfinite(norm):
            return norm, False
        self.count += 1
        clipping = clipping_scale(norm, self.config.clip)
        scale = np.float32(clipping / divisor)
        change = self._adam(gradient, scale, lr) if self._moments else self._sgd(gradient, scale, lr)
        self._pool.each_block(change, gradient.size, _BLOCK)
        return norm, clipping < 1

    def _sgd(self, gradient: Floats, scale: np.float32, lr: float) -> Callable[[slice], None]:
        rate = np.float32(lr)

        def change(block: slice) -> None:
            step = gradient[block] * scale
            step *= rate
            self.vector[block] -= step

        return change

    def _adam(self, gradient: Floats, scale: np.float32, lr: float) -> Callable[[slice], None]:
        """Kingma & Ba 2015, algorithm 1, in the order of its section 2 that folds the bias corrections into lr."""
        corrected = np.float32(lr * math.sqrt(1 - float(BETA2) ** self.count) / (1 - float(BETA1) ** self.count))

        def change(block: slice) -> None:
            mean, variance = self._moments["mean"][block], self._moments["variance"][block]
            scaled = gradient[block] * scale
            part = scaled * (1 - BETA1)
            mean *= BETA1
            mean += part
            np.multiply(scaled, scaled, out=part)
            part *= 1 - BETA2
            variance *= BETA2
            variance += part
            np.sqrt(variance, out=part)
            part += EPSILON
            np.divide(mean, part, out=part)
            part *= corrected
            self.vector[block] -= part

        return change

    def state(self) -> dict[str, Floats]:
        """Return a copy of the moments (P,), empty for SGD."""
        return {name: moment.copy() for name, moment in self._moments.items()}

    def restore(self, state: Mapping[str, Floats], count: int) -> None:
        """Continue from the state of an optimizer after ``count`` steps."""
        self.count = count
        for name, moment in self._moments.items():
            moment[:] = state[name]
