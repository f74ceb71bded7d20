"""Errors that a user can correct. The command line turns each into one line and an exit status."""

from __future__ import annotations


class LyricgenError(Exception):
    """An error that a user can correct. The message names the cause, then what to do."""

    exit_code = 1


class OptionError(LyricgenError):
    """An option is wrong, or two options contradict each other."""

    exit_code = 2


class FileError(LyricgenError):
    """A file is missing, unreadable, damaged or of another kind."""


class EngineError(LyricgenError):
    """MXNet is missing or cannot start on this machine."""


class MissingError(LyricgenError):
    """A package that this command needs is not installed."""


class UnsatisfiableError(LyricgenError):
    """No song satisfies all constraints."""


class DivergenceError(LyricgenError):
    """A loss or a gradient is not finite."""


def describe(error: Exception) -> str:
    """Return the operating system's message for a failed call: ``No such file or directory``."""
    return getattr(error, "strerror", None) or str(error)
