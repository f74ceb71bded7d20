"""The engines that compute gradients, and which of them this machine has."""

from __future__ import annotations

from importlib import util

from lyricgen.config import ENGINES, ModelConfig
from lyricgen.engine.network import Network, flatten
from lyricgen.engine.pool import Pool
from lyricgen.errors import OptionError
from lyricgen.model.parameters import Parameters


def has_mxnet() -> bool:
    """Whether MXNet is installed; nothing is imported."""
    found = util.find_spec("mxnet")
    return found is not None and found.origin is not None  # a folder of that name has none


def usual(config: ModelConfig) -> str:
    """MXNet where it is installed and has the cell, else NumPy."""
    return "mxnet" if has_mxnet() and not config.resets_before else "numpy"


def check(engine: str | None) -> None:
    """OptionError if there is no such engine."""
    if engine not in (None, *ENGINES):
        raise OptionError(f"--engine: {engine!r} is none of {', '.join(ENGINES)}")


def choose(engine: str | None, device: str, config: ModelConfig) -> str:
    """The engine that is meant; OptionError if it has no such device."""
    chosen = engine or ("mxnet" if device != "cpu" and has_mxnet() else usual(config))
    if device != "cpu" and chosen != "mxnet":
        raise OptionError(f"--device {device}: needs MXNet; NumPy computes on the cpu alone")
    return chosen


def start(engine: str, device: str) -> None:
    """Load an engine, to compute on ``device``; EngineError if it cannot."""
    if engine == "mxnet":
        from lyricgen.engine.mxnet import runtime

        runtime.use_device(device)


def network_of(engine: str, config: ModelConfig, parameters: Parameters, pool: Pool) -> Network:
    """A network that computes with an engine, in the threads of a pool."""
    size, vector = len(parameters["output.bias"]), flatten(config, parameters)
    if engine == "mxnet":
        from lyricgen.engine.mxnet.network import MxnetNetwork

        return MxnetNetwork(config, size, vector)  # MXNet has threads of its own
    from lyricgen.engine.numpy.network import NumpyNetwork
    from lyricgen.engine.parallel import Parallel

    return Parallel([NumpyNetwork(config, size, vector) for _ in range(pool.threads)], pool)
