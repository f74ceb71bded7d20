"""How many processors this process may really use, and settings for the libraries that compute on them.

``os.cpu_count`` counts the machine's processors. A scheduler's affinity mask and a container's quota may allow fewer,
and threads beyond that number only take turns.
"""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

VARIABLE = "OMP_NUM_THREADS"
_KERNELS = "OPENBLAS_CORETYPE"


def available(root: Path = Path("/")) -> int:
    """Count the processors by affinity, lowered by the quota of the control group (version 1 or 2) under ``root``."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(processors, _quota(root))))


def limit(threads: int) -> None:
    """Give MXNet that many threads; works only before it is imported."""
    os.environ[VARIABLE] = str(threads)


def limit_unless_set() -> int:
    """Give MXNet all processors unless the user has set ``OMP_NUM_THREADS``; return the number in force."""
    chosen = os.environ.get(VARIABLE, "").split(",")[0].strip()
    if not chosen.isdecimal() or int(chosen) < 1:
        limit(available())
        chosen = os.environ[VARIABLE]
    return int(chosen)


def name_kernels(root: Path = Path("/")) -> None:
    """Tell an old OpenBLAS which kernels an Intel processor can run; works only before NumPy is imported.

    An OpenBLAS that does not know the processor takes its slowest kernels, a quarter as fast: that of NumPy 1.26, the
    newest NumPy that MXNet can use, on a Sapphire Rapids. NumPy 2 brings a newer one, which needs no help.
    """
    if "numpy" in sys.modules or _KERNELS in os.environ or sys.platform != "linux":
        return
    try:
        with open(root / "proc/cpuinfo", encoding="utf-8") as file:
            described = file.read(8192)
    except OSError:
        return
    if "GenuineIntel" in described and _is_old_numpy():
        flags = set(described.partition("flags")[2].partition("\n")[0].split())
        if {"avx512f", "avx512bw", "avx512dq", "avx512vl"} <= flags:
            os.environ[_KERNELS] = "SkylakeX"
        elif {"avx2", "fma"} <= flags:
            os.environ[_KERNELS] = "Haswell"


def _is_old_numpy() -> bool:
    from importlib import metadata  # 15 ms that only some processors pay

    try:
        return int(metadata.version("numpy").partition(".")[0]) < 2
    except (metadata.PackageNotFoundError, ValueError):
        return False


def _quota(root: Path) -> float:
    """Return the processors that the control groups above this process allow; infinite without a limit."""
    return min([*map(_quota_v2, _groups(root)), _quota_v1(root / "sys/fs/cgroup/cpu")])


def _groups(root: Path) -> list[Path]:
    mount = root / "sys/fs/cgroup"
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return [mount]
    names = [line[4:].strip("/") for line in lines if line.startswith("0::/")]
    inner = [mount / name for name in names if name]
    return [mount, *inner, *(parent for group in inner for parent in group.parents if mount in parent.parents)]


def _quota_v2(group: Path) -> float:
    try:
        quota, period = (group / "cpu.max").read_text().split()
        return int(quota) / int(period)
    except (OSError, ValueError):  # no such group, or "max": no limit
        return math.inf


def _quota_v1(group: Path) -> float:
    try:
        quota, period = (int((group / f"cpu.cfs_{name}_us").read_text()) for name in ("quota", "period"))
    except (OSError, ValueError):
        return math.inf
    return quota / period if quota > 0 else math.inf
