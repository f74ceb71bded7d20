"""One self-describing file: safetensors with a JSON value under the metadata key ``lyricgen``.

Datasets and checkpoints are both such files. There is no pickle anywhere: a file from a stranger may be wrong, never
dangerous. A checksum over all that it says tells damage from content. Written as temporary file, fsync, ``os.replace``,
fsync of the folder, so that under its name there is always a whole file, the old one or the new one.
"""

from __future__ import annotations

import hashlib
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

from lyricgen.errors import FileError, describe

try:
    import fcntl
except ModuleNotFoundError:  # Windows
    fcntl = None  # type: ignore[assignment]

FORMAT, OLDEST = 4, 2  # what is written, and the oldest that can be read
KEY = "lyricgen"
SUFFIX = ".safetensors"
_TRIES = 20
Tensors = Mapping[str, NDArray[Any]]


class Stored(NamedTuple):
    """A file's metadata and its tensors, the latter mapped into memory rather than read."""

    metadata: dict[str, Any]
    tensors: dict[str, NDArray[Any]]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder, made if need be, for the length of the block; FileError if another process holds it.

    A folder that was made and is still empty is removed again.

    The system gives the lock back when a process ends, however it ends. Where it knows no such locks, there is none.
    """
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY) if fcntl else None
    except OSError as error:
        raise FileError(f"{folder}: cannot be written: {describe(error)}") from error
    try:
        if descriptor is not None:
            _lock(folder, descriptor)
        yield
    finally:
        if is_new:  # nothing came of it
            with suppress(OSError):
                folder.rmdir()
        if descriptor is not None:
            os.close(descriptor)


def _lock(folder: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise FileError(
            f"{folder}: another training writes here; wait for it, or name another folder with -o"
        ) from None
    except OSError:  # a file system without locks
        return


def identity(path: Path) -> tuple[int, int] | None:
    """What tells a file or folder from any other that takes its name; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def check_new(path: Path, *, force: bool) -> None:
    """FileError if a file may not be written there: there is a folder, or a file that ``force`` does not give up."""
    if str(path) == "-":
        raise FileError("-: this product is a file, not a stream; name a file to write")
    if path.is_dir():
        raise FileError(f"{path}: is a folder; name a file to write")
    if path.exists() and not force:
        raise FileError(f"{path}: exists already; --force replaces it, or name another file")


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
    contiguous = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}  # others come out wrong
    described: dict[str, Any] = {"format": FORMAT, "kind": kind, **metadata}
    described["checksum"] = _checksum(described, contiguous)
    value = json.dumps(described, ensure_ascii=False, sort_keys=True)  # several keys would come out in changing order
    with replacing(path) as part:
        save_tensors(part, contiguous, value)


def save_tensors(path: Path, tensors: Mapping[str, NDArray[Any]], value: str) -> None:
    """A safetensors file of contiguous tensors with that value under KEY; OSError when it cannot be written."""
    path.touch()
    mode = path.stat().st_mode
    try:
        save_file(dict(tensors), path, {KEY: value})
    except SafetensorError as error:
        raise OSError(str(error)) from error
    path.chmod(mode)  # safetensors leaves 0600 behind


def is_stored(path: Path) -> bool:
    """Whether a file claims to be one of ours, whole or damaged: by its name, or by what it begins with."""
    if path.suffix == SUFFIX:
        return True
    with open(path, "rb") as file:
        return file.read(9)[8:] == b"{" and path.suffix not in (".txt", ".zip", ".gz")


def kind_of(path: Path) -> str:
    """What a file of ours is; FileError when it is none."""
    return str(_read_metadata(path)["kind"])


def read(path: Path, kind: str) -> Stored:
    """The file at ``path``, which must be of that ``kind``; FileError says what is wrong with it.

    A file that a training replaces while it is read is read again.
    """
    for _ in range(_TRIES):
        before = _identity(path)
        try:
            return _read(path, kind)
        except FileError:
            if _identity(path) == before:
                raise
    return _read(path, kind)


def _identity(path: Path) -> tuple[int, ...] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _read(path: Path, kind: str) -> Stored:
    metadata = _read_metadata(path)
    if metadata["kind"] != kind:
        raise FileError(f"{path}: is a {metadata['kind']}, a {kind} is wanted here")
    checksum = metadata.pop("checksum", None)
    tensors = _map_tensors(path)
    if checksum != _checksum(metadata, tensors):
        raise FileError(f"{path}: is damaged: its checksum is wrong; make it again, or copy it again")
    return Stored(metadata, tensors)


def _checksum(metadata: Mapping[str, Any], tensors: Tensors) -> str:
    """A digest of the metadata and of every tensor's name, type, shape and bytes."""
    digest = hashlib.blake2b(json.dumps(metadata, sort_keys=True).encode(), digest_size=16)
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype.str} {tensor.shape}".encode("utf-8", "surrogatepass"))
        digest.update(tensor.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _read_metadata(path: Path) -> dict[str, Any]:
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = json.loads((file.metadata() or {})[KEY])
        if metadata["format"] > FORMAT:
            raise FileError(f"{path}: has format {metadata['format']}, newer than this lyricgen: upgrade lyricgen")
        if metadata["format"] < OLDEST:
            raise FileError(f"{path}: has format {metadata['format']}, from an older lyricgen: make it again")
        return dict(metadata, kind=metadata["kind"])
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {describe(error)}") from error
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise FileError(f"{path}: is not a lyricgen file, or it is damaged") from error


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
