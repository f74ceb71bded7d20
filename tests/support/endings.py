"""Lines of songs, simplified and traditional, and how their last character is read: tests/support/endings.txt."""

from __future__ import annotations

from pathlib import Path

_ROWS = Path(__file__).with_suffix(".txt").read_text("utf-8").splitlines()
ENDINGS = [row.split("\t") for row in _ROWS if not row.startswith("#")]  # the line, its group, its tones
LINES = [line for line, *_ in ENDINGS]
