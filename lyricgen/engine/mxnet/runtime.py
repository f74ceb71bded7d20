"""``import mxnet`` on a current machine: all workarounds that this needs.

MXNet 1.9.1, the last release, is older than the NumPy that pip chooses beside it. It reads names that NumPy has since
dropped, so they are given back before the import (and stay: some are read later). It takes half the processors unless
``OMP_NUM_THREADS`` says otherwise before its library loads. It hands every operation to a thread of its own, whose
OpenMP team then fights with the others' for the processors: its "naive" engine, which computes where it is called, is
1.1 to 1.3 times as fast for networks of this kind, and another OpenMP helps as well (tests/benchmarks/engine.py). Its
Linux wheel needs two system libraries that slim images lack. On Python 3.13 and later, Windows and Apple silicon there
is no wheel at all.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module, metadata
from typing import Any

import numpy as np

from lyricgen.errors import EngineError
from lyricgen.system import memory, signals, threads

# In the order in which MXNet falls over them. Functions moved or merged by NumPy 1.20 to 2.4, the financial ones to a
# package of their own; MXNet only wants to list the latter, so that a stand-in which fails when called is enough.
_CONSTANTS = {"bool": np.bool_, "PZERO": 0.0, "NZERO": -0.0, "NINF": -np.inf, "PINF": np.inf, "Inf": np.inf}
_CONSTANTS.update({"NAN": np.nan, "NaN": np.nan})
_SUCCESSORS = {"alltrue": "all", "sometrue": "any", "in1d": "isin", "trapz": "trapezoid", "round_": "round"}
_SUCCESSORS.update({"product": "prod", "msort": "sort"})
_GONE = ("mirr", "npv", "pmt", "ppmt", "pv", "rate")
# A thread that waits for the others of its team turns round this often before it sleeps. GNU OpenMP's own number lets
# two trainings on the same processors take four times as long as one, ours twice, at the same speed when alone.
# LLVM's counts in milliseconds; it would announce what it finds odd.
_ENVIRONMENT = {"MXNET_ENGINE_TYPE": "NaiveEngine", "GOMP_SPINCOUNT": "1000"}
_ENVIRONMENT.update({"KMP_BLOCKTIME": "1", "KMP_WARNINGS": "0"})
_OPENMP = "cmeel-libomp"
_PACKAGES = {"gomp": "libgomp1", "quadmath": "libquadmath0"}
_NO_WHEEL = (
    "MXNet is not installed; it has wheels for Python 3.9 to 3.12 on Linux and on Intel Macs: leave --engine out, "
    "and NumPy computes"
)
_WITHOUT = "; --engine numpy works without it"


def _gone(*_: Any, **__: Any) -> None:
    raise AttributeError("this function has left NumPy")


def _give_back_names() -> None:
    """Set the names of ``numpy`` that MXNet reads and this NumPy no longer has."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a deprecated name still answers, with a warning
        missing = {name for name in (*_CONSTANTS, *_SUCCESSORS, *_GONE) if not hasattr(np, name)}
    for name in missing:
        successor = getattr(np, _SUCCESSORS.get(name, ""), _gone)
        setattr(np, name, _CONSTANTS.get(name, successor))


@contextmanager
def _quiet() -> Iterator[None]:
    """Discard what the library itself writes to stderr: it announces any engine but its default."""
    if sys.stderr is None:  # closed by whoever started this process
        yield
        return
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _load_openmp() -> None:
    """Load LLVM's OpenMP where it is installed, so that MXNet finds it before GNU's.

    It answers to GNU's names, and its teams of threads come together faster.
    """
    try:
        files = metadata.files(_OPENMP) or []
        paths = [str(file.locate()) for file in files if file.stem == "libomp" and file.suffix in (".so", ".dylib")]
        ctypes.CDLL(paths[0], ctypes.RTLD_GLOBAL)
    except (metadata.PackageNotFoundError, IndexError, OSError):
        return  # GNU's serves as well, only slower


def _import() -> Any:
    threads.limit_unless_set()
    memory.keep_freed()
    for variable, value in _ENVIRONMENT.items():
        os.environ.setdefault(variable, value)
    _give_back_names()
    _load_openmp()
    serves = os.environ.get("DMLC_ROLE") in ("scheduler", "server")  # all its life, within the import
    try:
        with warnings.catch_warnings(), _quiet(), nullcontext() if serves else signals.held():
            warnings.simplefilter("ignore")
            library = import_module("mxnet")
            library.nd.zeros(1).wait_to_read()  # the engine announces itself when it is first used
            return library
    except ModuleNotFoundError as error:
        raise EngineError(import_advice(error)) from error
    except OSError as error:
        raise EngineError(advice_on_libraries(str(error)) + _WITHOUT) from error


def import_advice(error: ModuleNotFoundError) -> str:
    if error.name in ("distutils", "setuptools"):
        return f"MXNet needs setuptools on this Python: pip install setuptools{_WITHOUT}"
    return _NO_WHEEL if error.name == "mxnet" else f"MXNet cannot start: {error}{_WITHOUT}"


def advice_on_libraries(words: str) -> str:
    """Name the system package behind ``libgomp.so.1: cannot open shared object file``."""
    match = re.search(r"lib(\w+)\.so", words)
    package = _PACKAGES.get(match.group(1)) if match else None
    if package:
        return f"MXNet needs the system library lib{match.group(1)}: apt-get install {package}"  # type: ignore[union-attr]
    return f"MXNet's library cannot be loaded: {words.splitlines()[0]}"


mx = _import()
nd = mx.nd
NDArray = Any


def use_device(name: str) -> None:
    """Compute on ``cpu``, ``gpu`` or ``gpu:N`` from now on; EngineError if this MXNet has no such device."""
    kind, _, number = name.partition(":")
    if kind == "gpu" and int(number or 0) >= mx.context.num_gpus():
        raise EngineError(
            f"--device {name}: this MXNet sees {mx.context.num_gpus()} GPUs; pip install mxnet-cu112==1.9.1 brings a "
            "build for CUDA 11.2 in place of mxnet"
        )
    mx.context.Context._default_ctx.value = mx.Context(kind, int(number or 0))
