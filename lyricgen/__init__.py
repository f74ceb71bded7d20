"""Learn a character-level recurrent language model from lyrics, and write new ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lyricgen.api import (
        Model,
        context,
        count,
        evaluate,
        export,
        gradients,
        load,
        measure,
        minibatches,
        prepare,
        read_form,
        train,
    )

__version__ = "0.1.0"
__all__ = [
    "Model", "__version__", "context", "count", "evaluate", "export", "gradients", "load", "measure", "minibatches",
    "prepare", "read_form", "train",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """The library, when it is first asked for: the command line needs none of it for ``--help``."""
    if name not in __all__:
        raise AttributeError(f"module 'lyricgen' has no attribute {name!r}")
    from lyricgen import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
