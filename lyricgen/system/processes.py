"""How this program starts itself again: with the same Python, and without the current folder on its path."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_HOME = str(Path(__file__).parents[2])  # the folder that holds the package
_START = "import sys; sys.path[:] = [path for path in sys.path if path]; sys.path.append(sys.argv.pop(1)); "
_START += "from lyricgen.cli import main; main()"


def command() -> list[str]:
    """Return the command that starts lyricgen, to be followed by its arguments.

    ``python -m`` would run any file in the current folder that has the name of one of our modules.
    """
    return [sys.executable, "-c", _START, _HOME]


def speak_utf8() -> None:
    """Start again in Python's UTF-8 mode where the locale has another encoding for names of files and arguments."""
    if sys.getfilesystemencoding() != "utf-8" and not sys.flags.utf8_mode:
        os.environ["PYTHONUTF8"] = "1"
        os.execv(sys.executable, [*command(), *sys.argv[1:]])
