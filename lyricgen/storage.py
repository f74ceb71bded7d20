"""One self-describing file: safetensors with a JSON value under the metadata key ``lyricgen``.

Datasets and checkpoints are both such files. There is no pickle anywhere: a file from a stranger may be wrong, never
dangerous. A checksum over the whole content detects damage.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from lyricgen import files, schema
from lyricgen.errors import FileError, describe

FORMAT, OLDEST = 5, 4  # the one that is written, and the oldest that can be read: one version back
KEY = "lyricgen"
SUFFIX = ".safetensors"
SMALL = 1 << 26  # bytes; a smaller file is read at once, a larger one mapped
_TRIES = 20
Tensors = Mapping[str, NDArray[Any]]


class Stored(NamedTuple):
    """A file's metadata and its tensors; those of a large file are mapped into memory rather than read."""

    metadata: dict[str, Any]
    tensors: dict[str, NDArray[Any]]


def write(
    path: Path, kind: str, metadata: Mapping[str, Any], tensors: Tensors, *, obsolete: Sequence[Path] = ()
) -> None:
    """Write a file of that ``kind``; FileError when the disk or the folder does not allow it."""
    with files.replacing(path, obsolete) as file:
        write_to(file, kind, metadata, tensors)


def write_to(file: IO[bytes], kind: str, metadata: Mapping[str, Any], tensors: Tensors) -> None:
    """Write the content of a file of that ``kind``."""
    described: dict[str, Any] = {"format": FORMAT, "kind": kind, **metadata}
    described["checksum"] = _checksum(described, tensors)
    save_tensors(file, tensors, json.dumps(described, ensure_ascii=False, sort_keys=True))


_DTYPES = {"U8": "|u1", "U16": "<u2", "U32": "<u4", "I64": "<i8", "F16": "<f2", "F32": "<f4", "F64": "<f8"}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}


def save_tensors(file: IO[bytes], tensors: Tensors, value: str) -> None:
    """Write the content of a safetensors file, with that value under KEY.

    The library writes to a path, which a link may have taken meanwhile, or copies all into memory. The format: 8 bytes
    of length, a header of JSON padded with blanks to a multiple of 8, the tensors, the widest numbers first.
    """
    header: dict[str, Any] = {"__metadata__": {KEY: value}}
    ordered = sorted(tensors, key=lambda name: (-tensors[name].dtype.itemsize, name))
    offset = 0
    for name in ordered:
        tensor = tensors[name]
        offsets = [offset, offset + tensor.nbytes]
        header[name] = {"dtype": _NAMES[tensor.dtype.str], "shape": tensor.shape, "data_offsets": offsets}
        offset += tensor.nbytes
    encoded = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)
    file.write(len(encoded).to_bytes(8, "little") + encoded)
    for name in ordered:
        file.write(_bytes(tensors[name]))


def _bytes(tensor: NDArray[Any]) -> memoryview:
    return np.ascontiguousarray(tensor).reshape(-1).view(np.uint8).data


_LARGEST_HEADER = 100_000_000  # bytes, as safetensors has it; eight characters of text are a larger number


def is_stored(path: Path) -> bool:
    """Return whether a file claims to be one of ours, whole or damaged: by its name, or by its first bytes."""
    if path.suffix == SUFFIX:
        return True
    try:
        with open(path, "rb") as file:
            size, begin = file.read(8), file.read(1)
            return begin == b"{" and int.from_bytes(size, "little") <= _LARGEST_HEADER
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {describe(error)}") from error


def kind_of(path: Path) -> str:
    """Return the kind of a lyricgen file; FileError if it is not one."""
    _check_file(path)
    return str(read_metadata(path)["kind"])


def metadata_of(path: Path, kind: str) -> dict[str, Any]:
    """Read the metadata of a file of that ``kind``; its tensors are neither read nor checked against its checksum."""
    _check_file(path)
    metadata = read_metadata(path)
    if metadata["kind"] != kind:
        raise FileError(f"{path}: is a {_shown(metadata['kind'])}, a {kind} is wanted here")
    return metadata


class _ReplacedError(FileError):
    """Another file took the place of one while it was read."""


def read(path: Path, kind: str) -> Stored:
    """Read the file at ``path``, which must be of that ``kind``; FileError says what is wrong with it.

    A file that a training replaces while it is read is read again. What was read or mapped stays as it was when another
    file takes its place; only copying over a large file, in its place, would change it.
    """
    for _ in range(_TRIES):
        before = files.identity(path)
        try:
            return _read(path, kind)
        except FileError as error:
            if files.identity(path) == before and not isinstance(error, _ReplacedError):
                raise
    return _read(path, kind)


def _check_file(path: Path) -> None:
    stats = files.status(path)
    if stats and not stat.S_ISREG(stats.st_mode):
        raise FileError(f"{path}: is a folder, a device or a pipe; a file is wanted here")


def _read(path: Path, kind: str) -> Stored:
    _check_file(path)
    try:
        before = files.identity(path)
        with open(path, "rb") as file:
            metadata = metadata_of(path, kind)
            if before is None or files.identity(path) != before:
                raise _ReplacedError(f"{path}: is replaced again and again")
            checksum = metadata.pop("checksum", None)
            tensors = _read_tensors(path, file)
    except (OSError, ValueError) as error:  # an empty file cannot be mapped
        raise FileError(f"{path}: cannot be read: {describe(error)}") from error
    if checksum != _checksum(metadata, tensors):
        raise FileError(f"{path}: is damaged: its checksum is wrong; make it again, or copy it again")
    return Stored(metadata, tensors)


def _shown(value: Any) -> str:
    return str(value)[:40]


def _checksum(metadata: Mapping[str, Any], tensors: Tensors) -> str:
    """Return a digest of the metadata and of every tensor's name, type, shape and bytes."""
    digest = hashlib.blake2b(json.dumps(metadata, sort_keys=True).encode(), digest_size=16)
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype.str} {tensor.shape}".encode("utf-8", "surrogatepass"))
        digest.update(_bytes(tensor))
    return digest.hexdigest()


def read_metadata(path: Path) -> dict[str, Any]:
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = schema.parse((file.metadata() or {})[KEY])
        number = _shown(metadata["format"])
        if metadata["format"] > FORMAT:
            raise FileError(f"{path}: has format {number}, newer than this lyricgen: upgrade lyricgen")
        if metadata["format"] < OLDEST:
            raise FileError(f"{path}: has format {number}, from an older lyricgen: make it again")
        return dict(metadata, kind=metadata["kind"])
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {describe(error)}") from error
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise FileError(f"{path}: is not a lyricgen file, or it is damaged") from error


def _read_tensors(path: Path, file: IO[bytes]) -> dict[str, NDArray[Any]]:
    """Read every tensor of a file whose header ``safe_open`` has checked against its size."""
    size = os.fstat(file.fileno()).st_size
    is_read = size < SMALL or files.WINDOWS  # there no file can take the place of one that is mapped
    data: Any = file.read() if is_read else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    start = 8 + int.from_bytes(data[:8], "little")
    header: dict[str, Any] = schema.parse(data[8:start])
    header.pop("__metadata__", None)
    return {name: _tensor(path, data, start, entry) for name, entry in header.items()}


def _tensor(path: Path, data: Any, start: int, entry: Mapping[str, Any]) -> NDArray[Any]:
    if entry["dtype"] not in _DTYPES:
        raise FileError(f"{path}: holds a tensor of type {_shown(entry['dtype'])}, which lyricgen never writes")
    dtype, shape = np.dtype(_DTYPES[entry["dtype"]]), tuple(entry["shape"])
    begin, end = entry["data_offsets"]
    if begin == end:
        return np.zeros(shape, dtype)
    return np.frombuffer(data, dtype, (end - begin) // dtype.itemsize, start + begin).reshape(shape)
