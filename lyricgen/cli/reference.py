"""Every option of every command as Markdown, from click's parameters: ``python -m lyricgen.cli.reference``.

``lyricgen/cli/README.md`` is its output. Only the parameters are read, never click's formatted help: the text is the
same on every terminal and with every version of click.
"""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

import click

from lyricgen.cli import commands
from lyricgen.cli.options import Option
from lyricgen.config import OUTPUT

_INTRODUCTION = """\
# Commands

This page is generated: `python -m lyricgen.cli.reference > lyricgen/cli/README.md`. It lists every option under the
headings that `--help` uses.

- `lyricgen COMMAND --help` prints the same options. Output has no colours.
- Each option has a variable, `LYRICGEN_<COMMAND>_<OPTION>`. A flag has precedence over a variable, a variable over a
  TOML file (`train --config`), and a file over a default. Flag, variable, TOML key and Python keyword are one word.
- An option that has no effect beside the others is refused. So is an unknown name in a TOML file.
- Where a command takes a text, it also takes a dataset file.
- stdout carries the result only. Progress, warnings and errors go to stderr.
- Exit status: 0 for success; 1 for a failure, with one line on stderr that says what to do; 2 for misuse; 130 for
  Ctrl-C; 143 for SIGTERM.

Bounds are inclusive unless `>` says otherwise. *repeatable*: the option may be given several times.
"""


def reference() -> str:
    """The whole page."""
    sections = (_section(name, command) for name, command in commands.commands.items())
    return "\n".join([_INTRODUCTION, *sections])


def _section(name: str, command: click.Command) -> str:
    lines = [f"## `lyricgen {name}`", "", f"`{_usage(name, command)}`", "", _description(command), ""]
    groups = _groups(command)
    if groups:
        lines += [f"Variables: `LYRICGEN_{name.upper()}_<OPTION>`.", ""]
    for heading, options in groups.items():
        lines += [f"### {heading}", "", "| option | default | bounds | |", "|---|---|---|---|"]
        lines += [_row(option) for option in options] + [""]
    return "\n".join(lines)


def _usage(name: str, command: click.Command) -> str:
    options = ["[OPTIONS]"] if _groups(command) else []
    return " ".join(["lyricgen", name, *options, *_arguments(command)])


def _arguments(command: click.Command) -> Iterator[str]:
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            word = parameter.metavar or str(parameter.name).upper()
            yield word if parameter.required or word.startswith("[") else f"[{word}]"


def _description(command: click.Command) -> str:
    """The help as Markdown; a paragraph that click is not to wrap becomes a block of code."""
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    return "\n\n".join(_paragraph(each) for each in paragraphs)


def _paragraph(text: str) -> str:
    unwrapped = text.removeprefix("\b\n")
    return text if unwrapped == text else f"```sh\n{textwrap.dedent(unwrapped)}\n```"


def _groups(command: click.Command) -> dict[str, list[Option]]:
    """The options by their headings, in the order of ``--help``: what a command prints comes last."""
    groups: dict[str, list[Option]] = {}
    for parameter in command.params:
        if isinstance(parameter, Option) and not parameter.hidden:
            groups.setdefault(parameter.group, []).append(parameter)
    output = groups.pop(OUTPUT, [])
    if output:
        groups[OUTPUT if groups else "Options"] = output
    return groups


def _row(option: Option) -> str:
    help, default = _help_and_default(option)
    cells = [_names(option), default, _bounds(option.type), help + (" *repeatable*" if _must_say(option) else "")]
    return "| " + " | ".join(cells) + " |"


def _must_say(option: Option) -> bool:
    return option.multiple and "repeatable" not in (option.help or "")


def _names(option: Option) -> str:
    names = sorted(option.opts, key=len)
    if option.is_flag:
        return ", ".join(f"`{each}`" for each in [*names, *option.secondary_opts])
    return ", ".join(f"`{each}`" for each in [*names[:-1], f"{names[-1]} {_value(option)}"])


def _value(option: Option) -> str:
    """What stands for the value; a bar would end the cell of a table."""
    if option.metavar:
        word = option.metavar
    elif isinstance(option.type, click.Choice):
        word = "|".join(str(each) for each in option.type.choices)
    else:
        word = {"integer": "N", "integer range": "N", "float": "X", "float range": "X", "path": "PATH"}.get(
            option.type.name, "TEXT"
        )
    return word.replace("|", "\\|")


def _help_and_default(option: Option) -> tuple[str, str]:
    """The help without its note of a default, and the default."""
    help, _, note = (option.help or "").partition(" [default: ")
    if note:
        return help, note.removesuffix("]")
    return help, _default(option)


def _default(option: Option) -> str:
    if isinstance(option.show_default, str):
        return f"`{option.show_default}`"
    if not option.show_default:
        return ""
    value: Any = option.default
    if option.is_flag:
        return f"`{(option.opts if value else option.secondary_opts)[0]}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _bounds(kind: object) -> str:
    if not isinstance(kind, (click.IntRange, click.FloatRange)):
        return ""
    low = [] if kind.min is None else [f"{'>' if kind.min_open else '≥'} {_number(kind.min)}"]
    high = [] if kind.max is None else [f"{'<' if kind.max_open else '≤'} {_number(kind.max)}"]
    return ", ".join(low + high)


def _number(value: float) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdout.write(reference())
