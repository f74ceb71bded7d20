"""Dataclasses that declare which values their fields take, and check them: for options, and for metadata in files."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from lyricgen.errors import FileError, OptionError


@dataclasses.dataclass(frozen=True)
class Bounds:
    """The interval a number must lie in; None leaves a side open. ``or_zero``: 0 is allowed, too.

    It never contains a number that is not finite, or that 64 bits do not hold.
    """

    low: float | None = None
    high: float | None = None
    low_open: bool = False
    or_zero: bool = False

    def contain(self, value: float) -> bool:
        if not (math.isfinite(value) if isinstance(value, float) else abs(value) < 2**63):
            return False
        if self.or_zero and value == 0:
            return True
        above = self.low is None or (value > self.low if self.low_open else value >= self.low)
        return above and (self.high is None or value <= self.high)

    def __str__(self) -> str:
        parts = [f"{'>' if self.low_open else '>='} {self.low}"] if self.low is not None else []
        return ("0, or " if self.or_zero else "") + " and ".join(
            parts + ([f"<= {self.high}"] if self.high is not None else [])
        )


def field(
    kind: type,
    default: Any = dataclasses.MISSING,
    *,
    choices: tuple[str, ...] = (),
    bounds: Bounds | None = None,
    **about: Any,
) -> Any:
    """Return a field for values of that ``kind``; it also takes None if that is the default."""
    metadata = {"kind": kind, "choices": choices, "bounds": bounds, **about}
    if default is dataclasses.MISSING:
        return dataclasses.field(metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True)
class Checked:
    """A dataclass of such fields; OptionError names the first one that is wrong.

    A file holds all fields of one that ``is_whole``.
    """

    is_whole: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for attribute in dataclasses.fields(self):
            self._check(attribute, getattr(self, attribute.name))

    @staticmethod
    def spell(name: str) -> str:
        """Return the name by which messages call a field."""
        return name

    def _check(self, attribute: dataclasses.Field[Any], value: Any) -> None:
        kind, bounds, choices = (attribute.metadata[name] for name in ("kind", "bounds", "choices"))
        if value is None and attribute.default is None:
            return
        if isinstance(value, bool) != (kind is bool) or not isinstance(value, (int, float) if kind is float else kind):
            raise OptionError(f"{self.spell(attribute.name)}: {_shown(value)} is not of type {kind.__name__}")
        if choices and value not in choices:
            raise OptionError(f"{self.spell(attribute.name)}: {_shown(value)} is not one of {', '.join(choices)}")
        if bounds and not bounds.contain(value):
            raise OptionError(f"{self.spell(attribute.name)}: {_shown(value)} is out of range, it must be {bounds}")


def _shown(value: Any) -> str:
    try:
        shown = repr(value)
    except (ValueError, RecursionError):  # an integer of over 4,300 digits
        return f"a {type(value).__name__}"
    return shown if len(shown) <= 40 else shown[:40] + "…"


Kind = TypeVar("Kind", bound=Checked)


def from_json(kind: type[Kind], values: Any, *, lenient: bool = False) -> Kind:
    """Build a ``kind`` from a file's JSON value; FileError if it does not fit. ``lenient``: ignore unknown keys."""
    name = kind.__name__.strip("_")
    if not isinstance(values, Mapping):
        raise FileError(f"its {name} is damaged")
    fields = dataclasses.fields(kind)
    known = {attribute.name: attribute.metadata["kind"] for attribute in fields}
    described = {
        key: from_json(known[key], value) if isinstance(value, Mapping) and _is_checked(known.get(key)) else value
        for key, value in values.items()
        if key in known or not lenient
    }
    needed = [attribute.name for attribute in fields if kind.is_whole]
    missing = [key for key in needed if key not in described]
    if missing:
        raise FileError(f"its {name} is damaged: {missing[0]} is missing")
    try:
        return kind(**described)
    except (TypeError, OptionError) as error:
        raise FileError(f"its {name} is damaged or from a newer lyricgen ({error})") from error


def _is_checked(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Checked)


def parse(text: str | bytes) -> Any:
    """Parse a JSON value; ValueError if the text is not valid JSON, whatever is wrong with it."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
