"""Dataclass fields -> click options under headings, and back; output for the person; standard input."""

from __future__ import annotations

import dataclasses
import glob
import json
import re
import sys
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Callable, TypeVar

import click

from lyricgen import files
from lyricgen.config import AUTO, OUTPUT, STDIN, flag
from lyricgen.schema import Bounds

# Characters that a terminal obeys instead of showing, or that change the direction of the text around them. Some
# surrogates stay: with these Python keeps the bytes of a file's name that are not UTF-8.
_OBEYED = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_UNSHOWABLE = re.compile(f"[{_OBEYED}\ud800-\udc7f\udd00-\udfff]")
_UNSHOWABLE_IN_JSON = re.compile(f"[{_OBEYED}\ud800-\udfff]")
Decorated = TypeVar("Decorated", bound=Callable[..., Any])


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
        names = [str(parameter.name) for parameter in self.params if isinstance(parameter, Option)]
        if names:
            name = max(names, key=lambda name: "_" in name)
            with formatter.section("Variables"):
                formatter.write_text(
                    f"Each option has one: {context.auto_envvar_prefix}_{name.upper()} sets {flag(name)}."
                )


def expand(_context: click.Context, _parameter: click.Parameter, names: tuple[Any, ...]) -> tuple[Any, ...]:
    """Replace patterns like ``*.txt`` by the files that match, on Windows, where no shell does."""
    if not files.WINDOWS:
        return names
    expanded = [(name, sorted(glob.glob(str(name))) if glob.has_magic(str(name)) else []) for name in names]
    return tuple(type(name)(match) for name, matches in expanded for match in matches or [name])


class _Path(click.Path):
    """A path; refuses an empty one, as an unset shell variable leaves it."""

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        if not str(value):
            self.fail("empty file name; is a shell variable unset?", parameter, context)
        return super().convert(value, parameter, context)


class RangeOrZero(click.FloatRange):
    """A range that also allows 0, outside of it."""

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        number = click.FLOAT.convert(value, parameter, context)
        return number if number == 0 else super().convert(value, parameter, context)

    def _describe_range(self) -> str:
        return f"0 or {super()._describe_range()}"


PATH = _Path(path_type=Path)


def option(*declarations: str, group: str = OUTPUT, **attributes: Any) -> Callable[[Decorated], Decorated]:
    """Declare an option whose parameter has the name of its flag."""
    return click.option(*declarations, cls=Option, group=group, **attributes)


def command(name: str) -> Callable[[Callable[..., Any]], Command]:
    """Declare a command of lyricgen."""
    return click.command(name, cls=Command)


def config_options(*kinds: type, names: Container[str] | None = None) -> Callable[[Decorated], Decorated]:
    """Give a command one option for each field of these dataclasses, or for those of these names, in their order."""

    def decorate(command: Decorated) -> Decorated:
        fields = [field for kind in kinds for field in dataclasses.fields(kind) if names is None or field.name in names]
        for field in reversed(fields):
            command = _option(field)(command)
        return command

    return decorate


def encoding_option(command: Decorated) -> Decorated:
    """Add ``--encoding``, for commands that read a text."""
    help = "Encoding of what is read, for instance gb18030."
    return option("--encoding", default=AUTO, show_default=True, help=help)(command)


def given(context: click.Context, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that a flag, a variable or a file has set, without the defaults."""
    default = click.core.ParameterSource.DEFAULT
    return {name: value for name, value in values.items() if context.get_parameter_source(name) is not default}


def clean(text: str) -> str:
    """Remove the characters that a terminal would obey instead of showing; all output goes through here."""
    return _UNSHOWABLE.sub("", text)


def say(words: str) -> None:
    """Print a line for the person, on stderr."""
    sys.stderr.write(clean(words).replace("\n", " ").replace("\t", " ") + "\n")
    sys.stderr.flush()


def put(text: str, end: str = "\n", *, flush: bool = True) -> None:
    """Print a part of the product, on stdout."""
    sys.stdout.write(clean(text) + end)
    if flush:
        sys.stdout.flush()


def to_json(value: Any) -> str:
    """Return a line of JSON, in which characters that a terminal would obey are escaped."""
    return _UNSHOWABLE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(value, ensure_ascii=False))


def read_texts(texts: Iterable[str], encoding: str = AUTO) -> Iterator[str]:
    """Yield the texts that a command was given; for STDIN each of its lines, as it comes."""
    from lyricgen.text import corpus  # `lyricgen --help` imports this module, and needs no text

    for text in texts:
        if text == STDIN:
            yield from corpus.read_lines(sys.stdin.buffer, encoding=encoding, name=corpus.STDIN_NAME)
        else:
            yield corpus.shown(text)


def show(text: str, limit: int = 0) -> str:
    """Return text on one line: its line ends as ↵, cut after ``limit`` characters."""
    shown = text[:limit] if limit else text
    return shown.replace("\n", "↵") + ("…" if len(shown) < len(text) else "")


def _option(field: dataclasses.Field[Any]) -> Callable[[Decorated], Decorated]:
    metadata, name = field.metadata, flag(field.name)
    attributes = {"group": metadata["group"], "default": field.default, "help": metadata["help"]}
    if metadata["kind"] is bool:
        return option(f"{name}/--no-{name[2:]}", show_default=True, **attributes)
    return option(
        name,
        type=_type(metadata),
        show_default=field.default is not None and "[default:" not in metadata["help"],
        **attributes,
    )


def _type(metadata: Mapping[str, Any]) -> Any:
    if metadata["choices"]:
        return click.Choice(metadata["choices"])
    bounds: Bounds | None = metadata["bounds"]
    if bounds is None:
        return metadata["kind"]
    if bounds.or_zero:
        return RangeOrZero(bounds.low, bounds.high)
    ranged = click.IntRange if metadata["kind"] is int else click.FloatRange
    return ranged(bounds.low, bounds.high, min_open=bounds.low_open)  # type: ignore[arg-type]
