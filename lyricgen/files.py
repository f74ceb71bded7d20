"""Files and folders: their status, locks on folders, and writing a file completely or not at all.

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
    """Return the path of a file that comes with the program."""
    try:
        return Path(str(resources.files("lyricgen.data").joinpath(name)))
    except ModuleNotFoundError:  # run from a checkout that was not installed
        return Path(__file__).parents[1] / "data" / name


def status(path: Path) -> os.stat_result | None:
    """Return the status of a file or folder; None if there is none, FileError if the system does not tell."""
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise FileError(f"{path}: cannot be read: {describe(error)}") from error


def is_folder(path: Path) -> bool:
    """Return whether there is a folder; FileError if the system does not tell."""
    stats = status(path)
    return stats is not None and stat.S_ISDIR(stats.st_mode)


def is_file(path: Path) -> bool:
    """Return whether there is a regular file; FileError if the system does not tell."""
    stats = status(path)
    return stats is not None and stat.S_ISREG(stats.st_mode)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder, made if need be, for the length of the block; FileError if another process holds it.

    A folder that was made and is still empty is removed again, and so are unfinished files of a holder that was killed.

    The system releases the lock when a process ends, however it ends. Without such locks, the folder is not locked.
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
    """Lock a folder for the length of the block; yield whether the file system has locks."""
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
    """Make a folder (perhaps the one ``of`` a file) and its parents; FileError if that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        reason = "Not a directory" if isinstance(error, FileExistsError) else describe(error)
        raise FileError(f"{of or folder}: cannot be written: {reason}") from error


def identity(path: Path) -> tuple[int, ...] | None:
    """Return numbers that distinguish a file or folder from any other of its name; None if there is none."""
    try:
        stats = path.stat()
    except OSError:
        return None
    numbers = (stats.st_dev, stats.st_ino)
    return numbers if stat.S_ISDIR(stats.st_mode) else (*numbers, stats.st_size, stats.st_mtime_ns)


def check_new(path: Path, *, force: bool) -> None:
    """Raise FileError if a file may not be written there: something exists that ``force`` does not give up."""
    if str(path) == "-":
        raise FileError("-: this product is a file, not a stream; name a file to write")
    stats = status(path)
    if stats is None and not path.is_symlink():
        return
    if stats is not None and stat.S_ISDIR(stats.st_mode):
        raise FileError(f"{path}: is a folder; name a file to write")
    if stats is not None and not stat.S_ISREG(stats.st_mode):
        raise FileError(f"{path}: is a device or a pipe, which no file may replace; name a file to write")
    if not force:
        raise FileError(f"{path}: exists already; --force replaces it, or name another file")


@contextmanager
def product(path: Path, *, force: bool) -> Iterator[IO[bytes]]:
    """Open the file that a command makes, in a new folder if need be; see ``check_new`` and ``replacing``."""
    check_new(path, force=force)
    make_folder(path.parent, of=path)
    with replacing(path, is_new=not force) as file:
        yield file


@contextmanager
def replacing(path: Path, obsolete: Sequence[Path] = (), *, is_new: bool = False) -> Iterator[IO[bytes]]:
    """Open a new file that replaces ``path`` when the block ends without an error, and vanishes otherwise.

    ``obsolete`` files are removed just before. With ``is_new``, a file that exists by then is not replaced. The
    temporary file lies beside it under a name that nobody can guess, and never overwrites another.
    """
    name = path.name if len(os.fsencode(path.name)) < 200 else "lyricgen"
    part = path.with_name(f".{name}.{secrets.token_hex(8)}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW, 0o666)
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        for old_file in obsolete:
            _patiently(partial(old_file.unlink, missing_ok=True))
        if not (is_new and _linked(part, path)):
            _patiently(lambda: os.replace(part, path))
        _synchronise(path.parent)
    except OSError as error:
        raise FileError(f"{path}: cannot be written: {describe(error)}") from error
    finally:
        with suppress(OSError):
            part.unlink()


def _patiently(action: Callable[[], None]) -> None:
    """Remove or replace a file; on Windows as soon as no other program, such as a virus scanner, has it open."""
    end = time.monotonic() + _PATIENCE
    while WINDOWS and time.monotonic() < end:
        with suppress(PermissionError):
            return action()
        time.sleep(0.05)
    return action()


def _linked(part: Path, path: Path) -> bool:
    """Give a file its name without replacing another, as a rename would; False where there are no links."""
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
    """Remove unfinished files of a training that was killed; only the holder of the folder writes these."""
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
