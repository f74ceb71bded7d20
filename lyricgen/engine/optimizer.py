"""A gradient vector -> a step: clipping by global norm, then SGD or Adam over all parameters in one operation."""

from __future__ import annotations

import math
from collections.abc import Mapping

from lyricgen.config import TrainConfig
from lyricgen.engine.runtime import NDArray, nd
from lyricgen.model.parameters import Floats

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8  # Kingma & Ba 2015, section 2


def global_norm(gradient: NDArray) -> float:
    """‖g‖₂ of a vector (P,)."""
    return math.sqrt(nd.dot(gradient, gradient).asscalar())


def clipping_scale(norm: float, clip: float) -> float:
    """min(1, θ / ‖g‖₂), the factor that brings the norm to at most ``clip`` (Pascanu et al. 2013); 0 clips nothing."""
    return min(1.0, clip / norm) if clip and norm else 1.0


class Optimizer:
    """Changes ``vector`` in place."""

    def __init__(self, config: TrainConfig, vector: NDArray) -> None:
        self.config = config
        self.vector = vector
        self.count = 0
        self._moments = {}
        if config.optimizer == "adam":
            self._moments = {name: nd.zeros_like(vector) for name in ("mean", "variance")}

    def step(self, gradient: NDArray, lr: float, *, divisor: float = 1.0) -> float:
        """One step down the clipped gradient; returns the norm it had before clipping.

        The gradient is that of a sum, ``divisor`` what makes a mean of it. A norm that is not finite changes nothing.
        """
        norm = global_norm(gradient) / divisor
        if not math.isfinite(norm):
            return norm
        self.count += 1
        scale = clipping_scale(norm, self.config.clip) / divisor
        if self._moments:
            self._adam(gradient, scale, lr)
        else:
            nd.sgd_update(self.vector, gradient, lr=lr, wd=0.0, rescale_grad=scale, out=self.vector)
        return norm

    def _adam(self, gradient: NDArray, scale: float, lr: float) -> None:
        """Kingma & Ba 2015, algorithm 1, in the order of its section 2 that folds the bias corrections into lr."""
        corrected = lr * math.sqrt(1 - BETA2**self.count) / (1 - BETA1**self.count)
        nd.adam_update(
            self.vector,
            gradient,
            self._moments["mean"],
            self._moments["variance"],
            lr=corrected,
            beta1=BETA1,
            beta2=BETA2,
            epsilon=EPSILON,
            wd=0.0,
            rescale_grad=scale,
            lazy_update=False,
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
