"""``log.jsonl``: a line of JSON for each epoch."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from lyricgen import storage
from lyricgen.errors import FileError, describe


def record(
    epoch: int, *, train_perplexity: float, valid_perplexity: float | None, characters: int, seconds: float,
    learning_rate: float | None = None, gradient_norm: float | None = None,
) -> dict[str, Any]:  # fmt: skip
    """An epoch's line. A model that is counted has no learning rate and no gradient."""
    return {
        "epoch": epoch,
        "train_perplexity": train_perplexity,
        "valid_perplexity": valid_perplexity,
        "chars_per_second": characters / seconds,
        "seconds": seconds,
        "learning_rate": learning_rate,
        "gradient_norm": gradient_norm,
    }


def append(path: Path, record: dict[str, Any]) -> None:
    """Add an epoch's line and wait until it is on disk."""
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise FileError(f"{path}: cannot be written: {describe(error)}") from error


def truncate(path: Path, epoch: int) -> None:
    """Keep the whole lines of epochs up to ``epoch``."""
    try:
        lines = path.read_text("utf-8").splitlines(keepends=True) if path.exists() else []
    except (OSError, UnicodeError) as error:
        raise FileError(f"{path}: cannot be read ({error})") from error
    with storage.replacing(path) as part:
        part.write_text("".join(lines[:epoch]), "utf-8")


def read(path: Path) -> list[dict[str, Any]]:
    """Every epoch's line; none if there is no such file."""
    if not path.exists():
        return []
    try:
        return [dict(json.loads(line)) for line in path.read_text("utf-8").splitlines()]
    except (OSError, ValueError, TypeError) as error:
        raise FileError(f"{path}: cannot be read ({error})") from error
