"""What the tests of training share: the engines, the cells, and networks of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lyricgen.config import ModelConfig
from lyricgen.engine.engines import has_mxnet, network_of
from lyricgen.engine.network import Minibatch, Network
from lyricgen.engine.pool import Pool
from lyricgen.model.parameters import parameter_shapes
from lyricgen.text.batches import Batch

needs_mxnet = pytest.mark.skipif(not has_mxnet(), reason="MXNet is not installed")
ENGINES = [pytest.param("mxnet", marks=needs_mxnet), "numpy"]
CELLS = [("rnn", "after"), ("gru", "after"), ("gru", "before"), ("lstm", "after")]
V, D, H = 7, 5, 6
# Every engine with every cell that it has: MXNet has no GRU that resets before the product.
ENGINES_AND_CELLS = [
    pytest.param(engine, *cell, marks=[needs_mxnet] if engine == "mxnet" else [])
    for engine in ("mxnet", "numpy")
    for cell in CELLS
    if (engine, cell) != ("mxnet", ("gru", "before"))
]
MXNET_CELLS = [cell for cell in CELLS if cell != ("gru", "before")]


def build(engine: str, cell: str, reset: str = "after", *, threads: int = 2, **model: Any) -> Network:
    """A network with random weights, always the same."""
    config = ModelConfig(cell=cell, gru_reset=reset, **{"hidden": H, "embedding": D, **model})
    rng = np.random.default_rng(3)
    parameters = {
        name: rng.normal(0, 0.7, shape).astype(np.float32) for name, shape in parameter_shapes(config, V).items()
    }
    return network_of(engine, config, parameters, Pool(threads))


def minibatch(ids: Any, masks: Any = ()) -> Minibatch:
    """All of ids (T + 1, N) but the last step, and what follows each."""
    return Minibatch(Batch(ids[:-1], ids[1:]), ids[1:], np.zeros(ids.shape[1], bool), masks)
