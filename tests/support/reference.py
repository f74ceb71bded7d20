"""The commands and their options as Markdown: ``python tests/support/reference.py > lyricgen/cli/README.md``."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from lyricgen.cli import commands
from lyricgen.cli.options import Option, RangeOrZero
from lyricgen.config import OUTPUT, flag

_INTRODUCTION = """\
# Commands and options

<!-- Made by `python tests/support/reference.py > lyricgen/cli/README.md`; a test holds it. -->

Every option has one name. For `lyricgen train --batch-size 16` that is the variable `LYRICGEN_TRAIN_BATCH_SIZE=16`, the
key `batch_size = 16` in the TOML file of `train --config`, and the keyword `batch_size=16` in Python. A flag counts for
more than a variable, a variable for more than a file.

stdout carries the product and nothing else; bars, previews, warnings and errors go to stderr. Exit status: 0; 1 for
what failed, with one line that says what to do; 2 for misuse; 130 for Ctrl-C, 143 for SIGTERM.
"""


def render() -> str:
    """The whole page."""
    return "\n".join([_INTRODUCTION, *(line for name in commands.commands for line in _command(name))])


def _command(name: str) -> Iterator[str]:
    command = commands.commands[name]
    arguments = [str(each.metavar or each.name) for each in command.params if isinstance(each, click.Argument)]
    yield f"## `{' '.join(['lyricgen', name, *arguments])}`\n"
    yield from _paragraphs(inspect.cleandoc(command.help or ""))
    for heading, options in _groups(command).items():
        yield f"| {heading.lower()} | default | |\n|---|---|---|"
        yield from (_row(option) for option in options)
        yield ""


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        if paragraph.startswith("\b"):
            yield "```\n" + paragraph.removeprefix("\b\n") + "\n```\n"
        else:
            yield _escape(paragraph) + "\n"


def _groups(command: click.Command) -> dict[str, list[Option]]:
    groups: dict[str, list[Option]] = {}
    for option in command.params:
        if isinstance(option, Option):
            groups.setdefault(option.group, []).append(option)
    output = groups.pop(OUTPUT, [])
    return {**groups, OUTPUT: output} if output else groups


def _row(option: Option) -> str:
    names = ", ".join(f"`{name}`" for name in sorted(option.opts, key=len))
    value = _value(option)
    negative = f" / `{option.secondary_opts[0]}`" if option.secondary_opts else ""
    words = re.sub(r"\s*\[default: (.*)\]", "", option.help or "")
    return f"| {names}{negative}{f' {value}' if value else ''} | {_escape(_default(option))} | {_escape(words)} |"


def _value(option: Option) -> str:
    """What a flag takes, with its bounds."""
    if option.is_flag:
        return ""
    if option.metavar:
        return _escape(option.metavar)
    kind: Any = option.type
    if isinstance(kind, click.Choice):
        return "\\|".join(map(str, kind.choices))
    if isinstance(kind, (click.IntRange, click.FloatRange)):
        zero = " 0, or" if isinstance(kind, RangeOrZero) else ""
        return f"{'N' if isinstance(kind, click.IntRange) else 'X'}{zero}{_bounds(kind)}"
    return "PATH" if isinstance(kind, click.Path) else "N" if kind is click.INT else "TEXT"


def _bounds(kind: Any) -> str:
    low = "" if kind.min is None else f" {'>' if kind.min_open else '≥'} {kind.min:,.10g}"
    high = "" if kind.max is None else f" ≤ {kind.max:,.10g}" if kind.max < 1e15 else ""
    return low + ("," if low and high else "") + high


def _default(option: Option) -> str:
    """The default, or the words for it in the help text."""
    said = re.search(r"\[default: (.*)\]", option.help or "")
    if said:
        return said.group(1)
    if isinstance(option.show_default, str):
        return option.show_default
    known = isinstance(option.default, (str, int, float, Path))  # click has a sentinel for none
    if not known or (option.is_flag and not option.secondary_opts):
        return ""
    if option.is_flag:
        return flag(str(option.name)) if option.default else option.secondary_opts[0]
    return f"{option.default:g}" if isinstance(option.default, float) else str(option.default)


def _escape(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdout.write(render())
