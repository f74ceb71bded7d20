"""What every benchmark prints above its table: the machine, the versions, the date."""

from __future__ import annotations

import datetime
import platform
import re
import subprocess
import sys
from pathlib import Path

from lyricgen import __version__
from lyricgen.system import threads

TORCH_HELP = "a Python with PyTorch: python3 -m venv torch && torch/bin/pip install torch==2.13.0 numpy"


def describe() -> str:
    """One line: processor, processors usable, Python, lyricgen, date."""
    found = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text()) if sys.platform == "linux" else None
    processor = found[1] if found else platform.processor()
    python = platform.python_version()
    today = datetime.datetime.now(datetime.timezone.utc).date()
    return f"{processor}, {threads.available()} processors, Python {python}, lyricgen {__version__}, {today}"


def call(*command: str) -> str:
    """The stdout of a command that must succeed."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, encoding="utf-8").stdout


def print_row(*cells: object) -> None:
    """A row of a Markdown table; floats with three digits."""
    shown = (f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in cells)
    print("| " + " | ".join(shown) + " |", flush=True)


def print_head(*names: str) -> None:
    """The machine, then the head of a Markdown table."""
    print(describe() + "\n")
    print_row(*names)
    print_row(*("---" for _ in names))
