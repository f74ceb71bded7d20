"""Files and folders: what is there, who holds a folder, and how a file takes its place whole or not at all.

A file is written under a temporary name, synchronised, renamed, and its folder synchronised, so that under its name
there is always a whole file, the old one or the new one.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from importlib import resources
from pathlib import Path
from typing import IO, Callable

from lyricgen.errors import FileError, describe

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

WINDOWS = os.name == "nt"  # where a file that somebody has open is neither replaced nor removed
_LOCK = ".lock"  # in a folder, where the system locks no folders
_PATIENCE = 5.0  # seconds to wait for somebody who has a file open
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def shipped(name: str) -> Path:
    """A file that comes with the program."""
    try:
        return Path(str(resources.files("lyricgen.data").joinpath(name)))
    except ModuleNotFoundError:  # run from a checkout that was not installed
        return Path(__file__).parents[1] / "data" / name


def status(path: Path) -> os.stat_result | None:
    """What is there; None if there is nothing, FileError if that cannot be told."""
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise FileError(f"{path}: cannot be read: {describe(error)}") from error


def is_folder(path: Path) -> bool:
    """Whether there is a folder; FileError if that cannot be told."""
    found = status(path)
    return found is not None and stat.S_ISDIR(found.st_mode)


def is_file(path: Path) -> bool:
    """Whether there is a regular file; FileError if that cannot be told."""
    found = status(path)
    return found is not None and stat.S_ISREG(found.st_mode)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder, made if need be, for the length of the block; FileError if another process holds it.

    A folder that was made and is still empty is removed again. What a holder that was killed was about to write goes.

    The system gives the lock back when a process ends, however it ends. Where it knows no such locks, there is none.
    """
    is_new = status(folder) is None
    make_folder(folder)
    try:
        with _lock(folder) as is_held:
            if is_held:
                _remove_parts(folder)
            yield
    finally:
        if is_new:  # nothing came of it
            with suppress(OSError):
                folder.rmdir()


@contextmanager
def _lock(folder: Path) -> Iterator[bool]:
    """Lock a folder for the length of the block; whether the file system has locks."""
    try:
        if sys.platform == "win32":
            descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_TEMPORARY)
        else:
            descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise FileError(f"{folder}: cannot be written: {describe(error)}") from error
    try:
        yield _locked(folder, descriptor)
    finally:
        os.close(descriptor)


def _locked(folder: Path, descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        raise FileError(
            f"{folder}: another training writes here; wait for it, or name another folder with -o"
        ) from None
    except OSError:  # a file system without locks
        return False
    return True


def make_folder(folder: Path, *, of: Path | None = None) -> None:
    """Make a folder and those above it, perhaps that ``of`` a file; FileError when that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        words = "Not a directory" if isinstance(error, FileExistsError) else describe(error)
        raise FileError(f"{of or folder}: cannot be written: {words}") from error


def identity(path: Path) -> tuple[int, ...] | None:
    """What tells a file, or a folder, from any other that takes its name; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    place = (found.st_dev, found.st_ino)
    return place if stat.S_ISDIR(found.st_mode) else (*place, found.st_size, found.st_mtime_ns)


def check_new(path: Path, *, force: bool) -> None:
    """FileError if a file may not be written there: there is something that ``force`` does not give up."""
    if str(path) == "-":
        raise FileError("-: this product is a file, not a stream; name a file to write")
    found = status(path)
    if found is None and not path.is_symlink():
        return
    if found is not None and stat.S_ISDIR(found.st_mode):
        raise FileError(f"{path}: is a folder; name a file to write")
    if found is not None and not stat.S_ISREG(found.st_mode):
        raise FileError(f"{path}: is a device or a pipe, which no file may replace; name a file to write")
    if not force:
        raise FileError(f"{path}: exists already; --force replaces it, or name another file")


@contextmanager
def product(path: Path, *, force: bool) -> Iterator[IO[bytes]]:
    """The file that a command makes, in a new folder if need be; see ``check_new`` and ``replacing``."""
    check_new(path, force=force)
    make_folder(path.parent, of=path)
    with replacing(path, is_new=not force) as file:
        yield file


@contextmanager
def replacing(path: Path, obsolete: Sequence[Path] = (), *, is_new: bool = False) -> Iterator[IO[bytes]]:
    """A new file that takes the place of ``path`` when the block ends well, and vanishes otherwise.

    ``obsolete`` files go in the moment in which it comes. One that ``is_new`` takes no place that is taken by then. The
    temporary file stands beside it under a name that nobody can guess, and is never one that was there.
    """
    name = path.name if len(os.fsencode(path.name)) < 200 else "lyricgen"
    part = path.with_name(f".{name}.{secrets.token_hex(8)}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW, 0o666)
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        for each in obsolete:
            _patiently(partial(each.unlink, missing_ok=True))
        if not (is_new and _linked(part, path)):
            _patiently(lambda: os.replace(part, path))
        _synchronise(path.parent)
    except OSError as error:
        raise FileError(f"{path}: cannot be written: {describe(error)}") from error
    finally:
        with suppress(OSError):
            part.unlink()


def _patiently(action: Callable[[], None]) -> None:
    """Remove or replace a file; on Windows as soon as nobody has it open, such as a virus scanner."""
    end = time.monotonic() + _PATIENCE
    while WINDOWS and time.monotonic() < end:
        with suppress(PermissionError):
            return action()
        time.sleep(0.05)
    return action()


def _linked(part: Path, path: Path) -> bool:
    """Give a file its name, which no rename does without taking it from another; False where there are no links."""
    try:
        os.link(part, path, follow_symlinks=False)
    except FileExistsError:
        check_new(path, force=False)
        raise
    except (OSError, NotImplementedError):
        return False
    return True


_PART = re.compile(r"\.(best\.safetensors|last\.safetensors|log\.jsonl)\.[0-9a-f]{16}\.part")


def _remove_parts(folder: Path) -> None:
    """Remove what a training that was killed left of a file; only the holder of the folder writes these."""
    with suppress(OSError):
        for path in folder.iterdir():
            if _PART.fullmatch(path.name):
                path.unlink()


def _synchronise(folder: Path) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:  # Windows opens no folder
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
