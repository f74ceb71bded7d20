"""The README's tables of options against the command line itself."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from lyricgen.cli import commands

README = Path(__file__).parents[1] / "README.md"


def section(command: str) -> str:
    """What the README says of a command."""
    text = README.read_text("utf-8")
    return re.split(r"^##+ ", text.split(f"### `lyricgen {command}")[1], maxsplit=1, flags=re.MULTILINE)[0]


@pytest.mark.parametrize("name", list(commands.commands))
def test_every_option_stands_in_the_readme_with_its_default(name: str) -> None:
    text = section(name)
    for option in commands.commands[name].params:
        if not isinstance(option, click.Option):
            continue
        flag = max(option.opts, key=len)
        assert f"`{flag}" in text, flag
        row = next((line for line in text.splitlines() if line.startswith("|") and flag in line.split("|")[1]), "")
        if row and isinstance(option.default, (int, float)) and not option.is_flag:
            assert f"{option.default:g}" in row, f"{flag}: {row}"
