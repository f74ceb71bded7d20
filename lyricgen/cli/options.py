"""Dataclass fields -> click options under headings, and back; what is printed for the person; standard input."""

from __future__ import annotations

import dataclasses
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Callable, TypeVar

import click

from lyricgen.config import OUTPUT, Bounds, flag

_UNSHOWABLE = re.compile("[\x00-\x1f\x7f-\x9f]")
STDIN = "-"
Decorated = TypeVar("Decorated", bound=Callable[..., Any])
ENCODING = "utf-8"


class Option(click.Option):
    """An option that --help lists under a heading."""

    def __init__(self, *arguments: Any, group: str = OUTPUT, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.group = group


class Command(click.Command):
    """A command whose --help lists its options under their headings, and says how variables set them."""

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(context):
            record = parameter.get_help_record(context)
            if record and isinstance(parameter, click.Option):
                groups.setdefault(getattr(parameter, "group", OUTPUT), []).append(record)
        output = groups.pop(OUTPUT, [])
        for heading, records in [*groups.items(), (OUTPUT if groups else "Options", output)]:
            with formatter.section(heading):
                formatter.write_dl(records)

    def format_epilog(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        names = [str(each.name) for each in self.params if isinstance(each, Option)]
        if names:
            name = max(names, key=lambda name: "_" in name)
            with formatter.section("Variables"):
                formatter.write_text(
                    f"Each option has one: {context.auto_envvar_prefix}_{name.upper()} sets {flag(name)}."
                )


def option(*declarations: str, group: str = OUTPUT, **attributes: Any) -> Callable[[Decorated], Decorated]:
    """An option whose name in the code is its flag's."""
    return click.option(*declarations, cls=Option, group=group, **attributes)


def command(name: str) -> Callable[[Callable[..., Any]], Command]:
    """A command of lyricgen."""
    return click.command(name, cls=Command)


def config_options(*kinds: type) -> Callable[[Decorated], Decorated]:
    """Give a command one option for each field of these dataclasses, in their order."""

    def decorate(command: Decorated) -> Decorated:
        for field in reversed([field for kind in kinds for field in dataclasses.fields(kind)]):
            command = _option(field)(command)
        return command

    return decorate


def encoding_option(command: Decorated) -> Decorated:
    """Add ``--encoding``, for commands that read a text."""
    help = "Encoding of what is read, for instance gb18030."
    return option("--encoding", default=ENCODING, show_default=True, help=help)(command)


def given(context: click.Context, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that a flag, a variable or a file has set, not the defaults."""
    default = click.core.ParameterSource.DEFAULT
    return {name: value for name, value in values.items() if context.get_parameter_source(name) is not default}


def say(words: str) -> None:
    """A line for the person, on stderr; what a terminal would obey instead of showing it is left out."""
    click.echo(_UNSHOWABLE.sub("", words), err=True)


def read_texts(texts: Iterable[str], encoding: str = ENCODING) -> Iterator[str]:
    """What a command was given; for STDIN each line of that, as it comes."""
    from lyricgen.text import corpus

    for text in texts:
        if text == STDIN:
            yield from corpus.read_lines(sys.stdin.buffer, encoding=encoding, name=corpus.STDIN_NAME)
        else:
            yield os.fsencode(text).decode("utf-8", "replace")  # UTF-8, whatever the locale made of it


def show(text: str, limit: int = 0) -> str:
    """Text on one line: its line ends as ↵, cut after ``limit`` characters."""
    shown = text[:limit] if limit else text
    return shown.replace("\n", "↵") + ("…" if len(shown) < len(text) else "")


def show_number(value: float) -> str:
    """A figure with two decimals, or with three digits and a power of ten where it is very large."""
    return f"{value:.2f}" if abs(value) < 1e6 else f"{value:.2e}"


def _option(field: dataclasses.Field[Any]) -> Callable[[Decorated], Decorated]:
    metadata, name = field.metadata, flag(field.name)
    attributes = {"group": metadata["group"], "default": field.default, "help": metadata["help"]}
    if metadata["kind"] is bool:
        return option(f"{name}/--no-{name[2:]}", show_default=True, **attributes)
    return option(name, type=_type(metadata), show_default=field.default is not None, **attributes)


def _type(metadata: Mapping[str, Any]) -> Any:
    if metadata["choices"]:
        return click.Choice(metadata["choices"])
    bounds: Bounds | None = metadata["bounds"]
    if bounds is None:
        return metadata["kind"]
    ranged = click.IntRange if metadata["kind"] is int else click.FloatRange
    return ranged(bounds.low, bounds.high, min_open=bounds.low_open)  # type: ignore[arg-type]
