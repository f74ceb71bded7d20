"""What a user can put right. The command line turns each of these into one line and an exit status."""

from __future__ import annotations


class LyricgenError(Exception):
    """A fault with a cure; the message names the culprit and what to do about it."""

    exit_code = 1


class OptionError(LyricgenError):
    """An option, or a combination of options, that cannot be meant."""

    exit_code = 2


class FileError(LyricgenError):
    """A file that is missing, unreadable, damaged or of another kind."""


class EngineError(LyricgenError):
    """MXNet is missing or cannot start on this machine."""


class MissingError(LyricgenError):
    """A package that only some commands need is not installed."""


class DemandError(LyricgenError):
    """A song that was asked for and cannot be written."""


class WorkerError(LyricgenError):
    """One of several workers has ended, and the training with it."""


class DivergenceError(LyricgenError):
    """Training has left the finite numbers."""
