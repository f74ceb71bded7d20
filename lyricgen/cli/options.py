"""Dataclass fields -> click options, and back."""

from __future__ import annotations

import dataclasses
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Callable, TypeVar

import click

from lyricgen.config import Bounds, Config, flag

_UNSHOWABLE = re.compile("[\x00-\x1f\x7f-\x9f]")
STDIN = "-"
Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def config_options(*kinds: type) -> Callable[[Decorated], Decorated]:
    """Give a command one option for each field of these dataclasses, in their order."""

    def decorate(command: Decorated) -> Decorated:
        for field in reversed([field for kind in kinds for field in dataclasses.fields(kind)]):
            command = _option(field)(command)
        return command

    return decorate


def build(kind: type[Config], values: Mapping[str, Any]) -> Config:
    """The dataclass that a command's parameters describe; OptionError when a value is out of bounds."""
    return kind(**{field.name: values[field.name] for field in dataclasses.fields(kind)})


def say(words: str) -> None:
    """A line for the person, on stderr; what a terminal would obey instead of showing it is left out."""
    click.echo(_UNSHOWABLE.sub("", words), err=True)


def read_texts(texts: Iterable[str]) -> Iterator[str]:
    """What a command was given; for STDIN each line of that, as it comes."""
    for text in texts:
        if text == STDIN:
            yield from (line.rstrip("\r\n") for line in iter(sys.stdin.readline, ""))
        else:
            yield os.fsencode(text).decode("utf-8", "replace")  # UTF-8, whatever the locale made of it


def show(text: str, limit: int = 0) -> str:
    """Text on one line: its line ends as ↵, cut after ``limit`` characters."""
    shown = text[:limit] if limit else text
    return shown.replace("\n", "↵") + ("…" if len(shown) < len(text) else "")


def _option(field: dataclasses.Field[Any]) -> Callable[[Decorated], Decorated]:
    metadata, name = field.metadata, flag(field.name)
    if metadata["kind"] is bool:
        return click.option(f"{name}/--no-{name[2:]}", default=field.default, show_default=True, help=metadata["help"])
    return click.option(
        name, type=_type(metadata), default=field.default, show_default=field.default is not None, help=metadata["help"]
    )


def _type(metadata: Mapping[str, Any]) -> Any:
    if metadata["choices"]:
        return click.Choice(metadata["choices"])
    bounds: Bounds | None = metadata["bounds"]
    if bounds is None:
        return metadata["kind"]
    ranged = click.IntRange if metadata["kind"] is int else click.FloatRange
    return ranged(bounds.low, bounds.high, min_open=bounds.low_open)  # type: ignore[arg-type]
