"""A gradient vector -> a step: clipping by global norm, then SGD or Adam over all parameters in one operation."""

from __future__ import annotations

import math
from collections.abc import Mapping

from lyricgen.config import TrainConfig
from lyricgen.engine.runtime import NDArray, mx, nd
from lyricgen.model.cells import Floats

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8  # Kingma & Ba 2015, section 2


def global_norm(gradient: NDArray) -> NDArray:
    """‖g‖₂ as an array (1,); it is not waited for."""
    return nd.sqrt(nd.multi_sum_sq(gradient, num_arrays=1))


def clipping_scale(norm: NDArray, clip: float) -> NDArray:
    """min(1, θ / ‖g‖₂), the factor that brings the norm to at most ``clip`` (Pascanu et al. 2013); 0 clips nothing."""
    return nd.minimum(clip / norm, 1.0) if clip else nd.ones_like(norm)


class Optimizer:
    """Changes ``vector`` in place. Nothing here waits for a result."""

    def __init__(self, config: TrainConfig, vector: NDArray) -> None:
        self.config = config
        self.vector = vector
        self.count = 0
        self._moments = {}
        if config.optimizer == "adam":
            self._moments = {name: nd.zeros_like(vector) for name in ("mean", "variance")}

    def step(self, gradient: NDArray, lr: float) -> NDArray:
        """One step down the clipped gradient; returns the norm it had before clipping, (1,).

        The gradient is used up: MXNet's update scales it in place.
        """
        self.count += 1
        norm = global_norm(gradient)
        scale = clipping_scale(norm, self.config.clip)
        if self._moments:
            self._adam(gradient, scale, lr)
        else:
            nd.sgd_update(self.vector, nd.broadcast_mul(gradient, scale), lr=lr, wd=0.0, out=self.vector)
        return norm

    def _adam(self, gradient: NDArray, scale: NDArray, lr: float) -> None:
        """Kingma & Ba 2015, algorithm 1, in the order of its section 2 that folds the bias corrections into lr."""
        corrected = lr * math.sqrt(1 - BETA2**self.count) / (1 - BETA1**self.count)
        mx.nd._internal._adamw_update(
            self.vector,
            gradient,
            self._moments["mean"],
            self._moments["variance"],
            scale,
            lr=corrected,
            beta1=BETA1,
            beta2=BETA2,
            epsilon=EPSILON,
            eta=1.0,
            wd=0.0,
            out=self.vector,
        )

    def state(self) -> dict[str, Floats]:
        """The moments as arrays (P,), empty for SGD."""
        return {name: moment.asnumpy() for name, moment in self._moments.items()}

    def restore(self, state: Mapping[str, Floats], count: int) -> None:
        """Go on where an optimizer with that state and that many steps stood."""
        self.count = count
        for name, moment in self._moments.items():
            moment[:] = state[name]
