from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from lyricgen.cli import commands
from lyricgen.errors import OptionError
from lyricgen.writing.form import tunes


def run(*arguments: str) -> Result:
    return CliRunner().invoke(commands, ["forms", *arguments], catch_exceptions=False)


def test_the_list_has_a_line_for_each_form() -> None:
    rows = run().output.splitlines()
    assert [row.split()[0] for row in rows] == list(tunes.names())
    assert "如梦令             7 lines   33 characters  6,6,5,6,2,2,6" in rows


def test_a_name_shows_its_pattern() -> None:
    shown = run("如夢令", "忆仙姿").output
    pattern = "如梦令 忆仙姿\n中仄中平中仄 A\n中仄中平中仄 A\n中仄仄平平\n中仄中平中仄 A\n平仄 A\n=5\n中仄中平中仄 A\n"
    pattern += "without its tones: --form 6,6,5,6,2,2,6 --rhyme AA-AA-A --repeats 6=5\n"
    assert shown == f"{pattern}\n{pattern}"


def test_json_has_a_line_for_each() -> None:
    (one,) = map(json.loads, run("菩萨蛮", "--json").output.splitlines())
    assert one["lines"] == 8
    assert one["characters"] == 44
    assert one["form"] == "7,7,5,5/5,5,5,5"
    assert one["rhyme"] == "AABBCCDD"
    assert one["pattern"][3:5] == ["中平平仄平 B", "/"]
    assert len(run("--json").output.splitlines()) == len(tunes.names())


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(OptionError, match="NAME: no form is called 十四行"):
        run("十四行")
