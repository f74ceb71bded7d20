from __future__ import annotations

import os
import sys
from importlib import metadata
from pathlib import Path

import pytest

from lyricgen.system import threads


def container(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 8),
        ({"sys/fs/cgroup/cpu.max": "max 100000\n"}, 8),
        ({"sys/fs/cgroup/cpu.max": "150000 100000\n"}, 2),
        ({"sys/fs/cgroup/cpu.max": "10000 100000\n"}, 1),
        ({"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/cpu.max": "300000 100000"}, 3),
        ({"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": "200000 100000"}, 2),
        ({"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "250000", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000"}, 3),
        ({"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000"}, 8),
    ],
)
def test_a_container_s_quota_counts(
    files: dict[str, str], expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert threads.available(container(tmp_path, files)) == expected


@pytest.mark.parametrize(("value", "expected"), [("3", 3), ("3,2", 3), ("", 5), ("0", 5), ("many", 5), (None, 5)])
def test_the_user_s_number_counts_when_it_is_one(
    value: str | None, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "available", lambda: 5)
    monkeypatch.setenv(threads.VARIABLE, value) if value is not None else monkeypatch.delenv(threads.VARIABLE, False)
    assert threads.limit_unless_set() == expected


AVX512 = "avx512f avx512bw avx512dq avx512vl"


@pytest.mark.parametrize(
    ("processor", "expected"),
    [
        (f"vendor_id : GenuineIntel\nflags\t\t: fpu avx2 fma {AVX512}\nbugs : none\n", "SkylakeX"),
        ("vendor_id : GenuineIntel\nflags\t\t: fpu avx2 fma\nbugs : avx512f\n", "Haswell"),
        ("vendor_id : GenuineIntel\nflags\t\t: fpu sse\n", None),
        (f"vendor_id : AuthenticAMD\nflags\t\t: fpu avx2 fma {AVX512}\n", None),
        ("", None),
    ],
)
def test_an_intel_processor_s_kernels_are_named(
    processor: str, expected: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "numpy")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(metadata, "version", lambda _: "2.1.0")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "")  # so that it is put back as it was
    monkeypatch.delenv("OPENBLAS_CORETYPE")
    threads.name_kernels(container(tmp_path, {"proc/cpuinfo": processor}))
    assert "OPENBLAS_CORETYPE" not in os.environ, "a new OpenBLAS knows its processors"
    monkeypatch.setattr(metadata, "version", lambda _: "1.26.4")
    threads.name_kernels(container(tmp_path, {"proc/cpuinfo": processor}))
    assert os.environ.get("OPENBLAS_CORETYPE") == expected
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Zen")
    threads.name_kernels(tmp_path)
    assert os.environ["OPENBLAS_CORETYPE"] == "Zen"
