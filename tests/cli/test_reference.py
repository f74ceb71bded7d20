from __future__ import annotations

from pathlib import Path

import click
import pytest
from support import reference

import lyricgen
from lyricgen.cli import commands

PAGE = Path(lyricgen.__file__).parent / "cli" / "README.md"


def test_the_page_of_all_options_is_what_the_command_line_says() -> None:
    made = "make it anew: python tests/support/reference.py > lyricgen/cli/README.md"
    assert PAGE.read_text("utf-8") == reference.render(), made


@pytest.mark.parametrize("name", commands.commands)
def test_every_option_has_a_row_with_its_default(name: str) -> None:
    section = reference.render().split(f"## `lyricgen {name}")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    options = [each for each in commands.commands[name].params if isinstance(each, click.Option)]
    assert len(rows) == len(options)
    for option in options:
        (row,) = [row for row in rows if f"`{max(option.opts, key=len)}`" in row.split("|")[1]]
        if isinstance(option.default, (int, float)) and not option.is_flag:
            assert f"{option.default:g}" in row
