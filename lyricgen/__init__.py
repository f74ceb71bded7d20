"""Learn a character-level recurrent language model from lyrics, and write new ones."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lyricgen.api import Model, load, prepare, train, training
    from lyricgen.config import EngineConfig, FormConfig, ModelConfig, PrepareConfig, SampleConfig, TrainConfig
    from lyricgen.engine.loop import Epoch
    from lyricgen.errors import (
        DivergenceError,
        EngineError,
        FileError,
        LyricgenError,
        MissingError,
        OptionError,
        UnsatisfiableError,
    )
    from lyricgen.text.dataset import Dataset

__version__ = "0.2.0.dev0"
_MODULES = {
    "api": ("Model", "load", "prepare", "train", "training"),
    "config": ("EngineConfig", "FormConfig", "ModelConfig", "PrepareConfig", "SampleConfig", "TrainConfig"),
    "engine.loop": ("Epoch",),
    "errors": (
        "DivergenceError",
        "EngineError",
        "FileError",
        "LyricgenError",
        "MissingError",
        "OptionError",
        "UnsatisfiableError",
    ),
    "text.dataset": ("Dataset",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}
__all__ = [
    "Dataset",
    "DivergenceError",
    "EngineConfig",
    "EngineError",
    "Epoch",
    "FileError",
    "FormConfig",
    "LyricgenError",
    "MissingError",
    "Model",
    "ModelConfig",
    "OptionError",
    "PrepareConfig",
    "SampleConfig",
    "TrainConfig",
    "UnsatisfiableError",
    "__version__",
    "load",
    "prepare",
    "train",
    "training",
]


def __getattr__(name: str) -> Any:
    """Import the library when a name of it is first used: the command line's ``--help`` needs none of it."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'lyricgen' has no attribute {name!r}")
    return getattr(import_module(f"lyricgen.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
