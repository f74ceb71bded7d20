"""One self-describing file: safetensors with a JSON value under the metadata key ``lyricgen``.

Datasets and checkpoints are both such files. There is no pickle anywhere: a file from a stranger may be wrong, never
dangerous. Written as temporary file, fsync, ``os.replace``, fsync of the folder, so that under its name there is
always a whole file, the old one or the new one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from lyricgen.errors import FileError

FORMAT = 1
KEY = "lyricgen"
SUFFIX = ".safetensors"
Tensors = Mapping[str, NDArray[Any]]


class Stored(NamedTuple):
    """A file's metadata and its tensors, the latter mapped into memory rather than read."""

    metadata: dict[str, Any]
    tensors: dict[str, NDArray[Any]]


def describe(error: OSError) -> str:
    """The system's words for a failed call: ``No such file or directory``."""
    return error.strerror or str(error)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that takes its place when the block ends well, and vanishes otherwise."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        _synchronise(part)
        os.replace(part, path)
        _synchronise(path.parent)
    except OSError as error:
        raise FileError(f"{path}: cannot be written: {describe(error)}") from error
    finally:
        with suppress(OSError):
            part.unlink()


def _synchronise(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:  # Windows opens no folder
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write(path: Path, kind: str, metadata: Mapping[str, Any], tensors: Tensors) -> None:
    """Write a file of that ``kind``; FileError when the disk or the folder does not allow it."""
    described = {"format": FORMAT, "kind": kind, **metadata}
    # Several metadata keys would come out in changing order, a transposed array silently wrong.
    value = json.dumps(described, ensure_ascii=False, sort_keys=True)
    contiguous = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    with replacing(path) as part:
        part.touch()
        mode = part.stat().st_mode
        try:
            save_file(contiguous, part, {KEY: value})
        except SafetensorError as error:
            raise FileError(f"{path}: cannot be written: {error}") from error
        part.chmod(mode)  # safetensors leaves 0600 behind


def is_stored(path: Path) -> bool:
    """Whether a file claims to be one of ours, whole or damaged: by its name, or by what it begins with."""
    if path.suffix == SUFFIX:
        return True
    with open(path, "rb") as file:
        return file.read(9)[8:] == b"{" and path.suffix not in (".txt", ".zip", ".gz")


def read(path: Path, kind: str) -> Stored:
    """The file at ``path``, which must be of that ``kind``; FileError says what is wrong with it."""
    metadata = _read_metadata(path)
    if metadata["kind"] != kind:
        raise FileError(f"{path}: is a {metadata['kind']}, a {kind} is wanted here")
    return Stored(metadata, _map_tensors(path))


def _read_metadata(path: Path) -> dict[str, Any]:
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = json.loads((file.metadata() or {})[KEY])
        if metadata["format"] > FORMAT:
            raise FileError(f"{path}: has format {metadata['format']}, newer than this lyricgen: upgrade lyricgen")
        return dict(metadata, kind=metadata["kind"])
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {describe(error)}") from error
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise FileError(f"{path}: is no file of lyricgen's, or a damaged one") from error


def _map_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """Every tensor as a memory map. ``safe_open`` has already checked the header against the file's size."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header: dict[str, Any] = json.loads(file.read(length))
    header.pop("__metadata__", None)
    return {name: _map_tensor(path, 8 + length, entry) for name, entry in header.items()}


_DTYPES = {"U8": "u1", "U16": "<u2", "U32": "<u4", "I64": "<i8", "F32": "<f4", "F64": "<f8"}


def _map_tensor(path: Path, start: int, entry: Mapping[str, Any]) -> NDArray[Any]:
    if entry["dtype"] not in _DTYPES:
        raise FileError(f"{path}: holds a tensor of type {entry['dtype']}, which lyricgen never writes")
    dtype, shape = np.dtype(_DTYPES[entry["dtype"]]), tuple(entry["shape"])
    begin, end = entry["data_offsets"]
    if begin == end:  # an empty stretch cannot be mapped
        return np.zeros(shape, dtype)
    return np.memmap(path, dtype, mode="r", offset=start + begin, shape=shape)
