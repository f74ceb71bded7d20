"""The engines that compute gradients, and which of them this machine has."""

from __future__ import annotations

from importlib import util

from lyricgen.config import EngineConfig, ModelConfig
from lyricgen.engine.network import Network, flatten
from lyricgen.engine.pool import Pool
from lyricgen.model.parameters import Parameters


def has_mxnet() -> bool:
    """Return whether MXNet is installed; nothing is imported."""
    spec = util.find_spec("mxnet")
    return spec is not None and spec.origin is not None  # a folder of that name has none


def start(config: EngineConfig) -> None:
    """Load an engine, to compute on its device; EngineError if it cannot."""
    if config.engine == "mxnet":
        from lyricgen.engine.mxnet import runtime

        runtime.use_device(config.device)


def network_of(engine: str, config: ModelConfig, parameters: Parameters, pool: Pool) -> Network:
    """Return a network that computes with an engine, in the threads of a pool."""
    size, vector = len(parameters["output.bias"]), flatten(config, parameters)
    if engine == "mxnet":
        from lyricgen.engine.mxnet.network import MxnetNetwork

        return MxnetNetwork(config, size, vector)  # MXNet has threads of its own
    from lyricgen.engine.numpy.network import NumpyNetwork
    from lyricgen.engine.parallel import Parallel

    return Parallel([NumpyNetwork(config, size, vector) for _ in range(pool.threads)], pool)
