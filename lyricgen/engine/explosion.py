"""Whether a gradient explodes: its norm is far beyond the usual one (Pascanu et al. 2013), and the loss is high.

The norm alone is not enough: at the start of a training, a harmless step may have 40 times the usual norm.
"""

from __future__ import annotations

import math

_FAR, _HIGH = 50.0, 1.5  # times the usual norm, times the lowest loss
_LARGE = 1.0  # a smaller norm is harmless: a model that knows its text by heart has tiny ones, which vary much
_STEPS = 100  # that the means are of


class Explosion:
    """Follows a training from its first step on.

    The usual norm is the geometric mean, over all steps at first and then with weights that fall as exp(-steps / 100).
    The lowest loss is the lowest that the mean of the losses, weighted likewise, ever was.
    """

    def __init__(self) -> None:
        self._count, self._log_norm, self._loss, self._lowest = 0, 0.0, 0.0, math.inf

    def ratio(self, norm: float, loss: float) -> float:
        """Return a step's norm over the usual norm if it explodes, else 0. ``loss``: nats per character."""
        ratio = norm / math.exp(self._log_norm)
        explodes = norm > _LARGE and ratio > _FAR and loss > _HIGH * self._lowest
        self._count += 1
        weight = 1 / min(self._count, _STEPS)
        self._log_norm += weight * (math.log(max(norm, 1e-30)) - self._log_norm)
        self._loss += weight * (loss - self._loss)
        self._lowest = min(self._lowest, self._loss)
        return ratio if explodes else 0.0
