from __future__ import annotations

from pathlib import Path

import pytest

from lyricgen.errors import LyricgenError
from lyricgen.system import memory


@pytest.mark.parametrize(
    ("files", "there"),
    [
        ({}, None),
        ({"proc/meminfo": "MemTotal:       2000000 kB\nMemFree: 1 kB\n"}, 2_048_000_000),
        ({"proc/meminfo": "MemTotal: 2000000 kB\n", "sys/fs/cgroup/memory.max": "1000000000\n"}, 1_000_000_000),
        ({"proc/meminfo": "MemTotal: 2000000 kB\n", "sys/fs/cgroup/memory.max": "max\n"}, 2_048_000_000),
        ({"sys/fs/cgroup/memory/memory.limit_in_bytes": "500000000"}, 500_000_000),
        ({"proc/meminfo": "nonsense"}, None),
    ],
)
def test_what_a_machine_cannot_hold_is_refused(files: dict[str, str], there: int | None, tmp_path: Path) -> None:
    for name, words in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(words)
    memory.refuse_beyond(there or 1e18, "a network", root=tmp_path)
    if there:
        with pytest.raises(LyricgenError, match=rf"a network needs about .* here are {there / 1e9:.1f} GB"):
            memory.refuse_beyond(there + 1, "a network", root=tmp_path)
