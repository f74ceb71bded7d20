"""How much memory there is, and advice to the C library for a process that often allocates much of it."""

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
    """Raise LyricgenError if this machine or its control group has less memory: the system would kill the process.

    Where the size of the memory is unknown, nothing is refused.
    """
    limit = min(_of_machine(root), _of_group(root))
    if needed > limit:
        raise LyricgenError(f"{what} needs about {needed / 1e9:,.1f} GB of memory, and here are {limit / 1e9:,.1f} GB")


def _of_machine(root: Path) -> float:
    try:
        match = re.search(r"MemTotal:\s*(\d+) kB", (root / "proc/meminfo").read_text())
    except OSError:
        match = None
    if match:
        return 1024 * int(match.group(1))
    if sys.platform == "darwin" and root == Path("/"):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return math.inf


def _of_group(root: Path) -> float:
    files = (root / "sys/fs/cgroup" / name for name in ("memory.max", "memory/memory.limit_in_bytes"))  # versions 2, 1
    limits = [file.read_text().strip() for file in files if file.is_file()]
    return min([int(limit) for limit in limits if limit.isdecimal()], default=math.inf)
