"""``log.jsonl``: a line of JSON for each epoch."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

from lyricgen import files, schema
from lyricgen.errors import FileError, describe
from lyricgen.schema import Bounds, Checked, field

_POSITIVE = Bounds(low=0.0)
_BEGINNING = '{"epoch": '  # of every line


@dataclasses.dataclass(frozen=True)
class Record(Checked):
    """An epoch's line. An n-gram model has no learning rate and no gradient.

    ``gradient_norm`` is the mean before clipping, ``clipped`` the share of the steps whose gradient was clipped.
    """

    is_whole = True
    epoch: int = field(int, bounds=Bounds(1, 2**63 - 1))
    train_perplexity: float = field(float, bounds=_POSITIVE)
    valid_perplexity: float | None = field(float, None, bounds=_POSITIVE)
    chars_per_second: float = field(float, 0.0, bounds=_POSITIVE)
    seconds: float = field(float, 0.0, bounds=_POSITIVE)
    learning_rate: float | None = field(float, None, bounds=_POSITIVE)
    gradient_norm: float | None = field(float, None, bounds=_POSITIVE)
    clipped: float | None = field(float, None, bounds=Bounds(0.0, 1.0))


def record(*, characters: int, seconds: float, **figures: Any) -> Record:
    """Return the line of an epoch that read so many characters in so many seconds."""
    return Record(chars_per_second=characters / max(seconds, 1e-9), seconds=seconds, **figures)


def append(path: Path, record: Record) -> None:
    """Add an epoch's line and wait until it is on disk."""
    try:
        with open(path, "a", encoding="utf-8", newline="\n") as file:
            file.write(_line(record))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise FileError(f"{path}: cannot be written: {describe(error)}") from error


def truncate(path: Path, epoch: int) -> None:
    """Keep the lines of epochs up to ``epoch``; drop a last line that a crash cut short.

    Raises
    ------
    FileError
        Another line is not that of an epoch: the file is not a log, and stays as it is.
    """
    kept = [_line(record) for record in read(path, may_be_cut=True) if record.epoch <= epoch]
    with files.replacing(path) as file:
        file.write("".join(kept).encode())


def _line(record: Record) -> str:
    return json.dumps(dataclasses.asdict(record)) + "\n"


def read(path: Path, *, may_be_cut: bool = False) -> list[Record]:
    """Return the epochs in a log, or none without a file; FileError for a line that does not describe an epoch."""
    if files.status(path) is None:
        return []
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, ValueError) as error:
        raise FileError(f"{path}: cannot be read: {describe(error)}") from error
    records = []
    for number, line in enumerate(lines, 1):
        is_last = number == len(lines)
        try:
            if line or not is_last:
                records.append(schema.from_json(Record, schema.parse(line), lenient=True))
        except (FileError, ValueError) as error:
            if not (may_be_cut and is_last and line.startswith(_BEGINNING[: len(line)])):
                raise FileError(f"{path}: line {number} is no line of a training's log; move the file away") from error
    return records
