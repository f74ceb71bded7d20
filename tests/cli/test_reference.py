"""``lyricgen/cli/README.md`` against the command line itself."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

import lyricgen.cli
from lyricgen.cli import commands
from lyricgen.cli.reference import reference

PAGE = Path(lyricgen.cli.__file__).parent / "README.md"


def test_the_page_is_what_click_says_now() -> None:
    same = PAGE.read_text("utf-8") == reference()
    assert same, "make it anew: python -m lyricgen.cli.reference > lyricgen/cli/README.md"


@pytest.mark.parametrize("name", commands.commands)
def test_every_option_has_a_row_and_every_command_a_section(name: str) -> None:
    section = reference().split(f"## `lyricgen {name}`\n")[1].split("\n## ")[0]
    rows = [line.split(" | ")[0] for line in section.splitlines() if line.startswith("| `")]
    for option in commands.commands[name].params:
        if isinstance(option, click.Option):
            for flag in [*option.opts, *option.secondary_opts]:
                assert any(f"`{flag}`" in row or f"`{flag} " in row for row in rows), flag


def test_the_page_does_not_depend_on_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    before = reference()
    monkeypatch.setenv("COLUMNS", "40")
    assert reference() == before
