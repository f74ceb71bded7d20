"""How much memory there is, and what the C library should know of a process that takes much again and again."""

from __future__ import annotations

import ctypes
import math
import os
import re
import sys
from pathlib import Path

from lyricgen.errors import LyricgenError

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # glibc's malloc.h


def keep_freed() -> None:
    """Let glibc's malloc keep large freed blocks for the next step instead of giving them back to the system.

    Every intermediate array of a step is allocated and freed; fetched anew, each of its pages is zeroed by the system
    first, which takes a fifth of a training step and a quarter of a decoding step. Elsewhere than with glibc, nothing
    is changed.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt:
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)


def refuse_beyond(needed: float, what: str, *, root: Path = Path("/")) -> None:
    """LyricgenError if this machine or its control group cannot have so many bytes; the system would kill the process.

    Where nobody tells how many there are, nothing is refused.
    """
    there = min(_of_machine(root), _of_group(root))
    if needed > there:
        raise LyricgenError(f"{what} needs about {needed / 1e9:,.1f} GB of memory, and here are {there / 1e9:,.1f} GB")


def _of_machine(root: Path) -> float:
    try:
        found = re.search(r"MemTotal:\s*(\d+) kB", (root / "proc/meminfo").read_text())
    except OSError:
        found = None
    if found:
        return 1024 * int(found.group(1))
    if sys.platform == "darwin" and root == Path("/"):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return math.inf


def _of_group(root: Path) -> float:
    files = (root / "sys/fs/cgroup" / name for name in ("memory.max", "memory/memory.limit_in_bytes"))  # versions 2, 1
    limits = [file.read_text().strip() for file in files if file.is_file()]
    return min([int(limit) for limit in limits if limit.isdecimal()], default=math.inf)
