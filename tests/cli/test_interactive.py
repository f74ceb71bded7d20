from __future__ import annotations

import unicodedata
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, Callable

import pytest
from support.command import Cli

from lyricgen.cli import interactive

Talk = Callable[..., "CompletedProcess[str]"]


@pytest.fixture
def talk(cli: Cli, trained: Path, tmp_path: Path) -> Talk:
    """Say lines to ``generate --interactive``."""

    def say(*lines: str, form: tuple[str, ...] = ("--form", "4,4,4"), **options: Any) -> CompletedProcess[str]:
        command = ("generate", "-c", str(trained / "checkpoints"), "--interactive", "--seed", "1", *form)
        result = cli(*command, input="".join(line + "\n" for line in lines), **options)
        assert result.returncode == 0, result.stderr
        return result

    return say


def test_lines_typed_whole_make_a_song(talk: Talk) -> None:
    result = talk("山，上的雨。", "雨落在山", "分开以后")
    assert result.stdout == "山，上的雨。\n雨落在山\n分开以后\n"
    assert result.stderr.endswith("(complete; :u undoes, :q prints it)\n> ")
    assert talk("山上的雨", "雨", form=()).stdout == "山上的雨\n雨\n"
    assert talk(":t 山上", "的雨", "停", form=()).stdout == "山上的雨停\n"


def test_a_line_of_its_length_ends_by_the_last_number(talk: Talk) -> None:
    first, *others = talk("1", "1", "1", "1", "雨").stdout.split("\n")
    assert (len(first), others) == (4, ["雨", ""])


def test_refusals_say_why(talk: Talk) -> None:
    rhymed = ("--form", "4,4", "--rhyme", "AA", "--acrostic", "山雨")
    result = talk("雨", "山上的雨停", ":n", "山上的雨", "雨落在山", ":n", "12", form=rhymed)
    refused = [line for line in result.stderr.replace("> ", "").splitlines() if "not taken" in line]
    assert refused == [
        "not taken: the line begins with 山, not with 雨",
        "not taken: the line has its 4 characters; 停 is one more",
        "not taken: the line is empty",
        "not taken: 山 does not rhyme with 雨",
        "not taken: the line is empty",
    ]
    assert "12: no such number; :t 12 takes it as it is" in result.stderr
    assert result.stdout == "山上的雨\n\n"


def test_a_line_is_written_again_and_back(talk: Talk) -> None:
    lines = ("山上的雨", "雨落在山")
    assert talk(*lines, ":e 1", "我们不说").stdout == "我们不说\n雨落在山\n\n"
    assert talk(*lines, "：ｅ　２　我们不说").stdout == "山上的雨\n我们不说\n\n"
    assert talk(*lines, ":e 1 我们不说", "：u").stdout == "山上的雨\n雨落在山\n\n"
    left = talk(*lines, ":e2", ":u", "分开以后")
    assert left.stdout == "山上的雨\n雨落在山\n分开以后\n"
    assert "2  雨落在山\n" in left.stderr
    by_model = talk(*lines, ":e 1", "").stdout.split("\n")
    assert by_model[0] != "山上的雨"
    assert by_model[1:] == ["雨落在山", "", ""]
    for wrong in (":e", ":e 3", ":e x", ":e 99999999999"):
        assert f"{wrong.ljust(3)}: the number of a line" in talk(*lines, wrong).stderr


def test_a_line_that_later_ones_do_not_rhyme_with_stays(talk: Talk) -> None:
    rhymed = ("--form", "4,4", "--rhyme", "AA")
    result = talk("分开的山", "我们不看", ":e 1", "山上的雨", "我们说山", form=rhymed)
    assert "not taken: with it, line 2 breaks the form: 看 does not rhyme with 雨\n" in result.stderr
    assert result.stdout == "我们说山\n我们不看\n"  # the next words are a new try


def test_a_song_is_saved_whole(talk: Talk, tmp_path: Path) -> None:
    result = talk("山上的雨", ":s", ":s songs/one.txt", "雨落在山", ":s songs/one.txt", ":s songs")
    assert (tmp_path / "songs" / "one.txt").read_text("utf-8") == "山上的雨\n\n"
    assert ":s: name a file" in result.stderr
    name = Path("songs", "one.txt")
    assert f"> saved       {name}\n" in result.stderr
    assert f"> {name}: exists already; :s! songs/one.txt replaces it, or name another file\n" in result.stderr
    assert "songs: is a folder; name a file to write" in result.stderr
    assert result.stdout == "山上的雨\n雨落在山\n\n"
    talk("雨落在山", "：ｓ！ songs/one.txt")
    assert (tmp_path / "songs" / "one.txt").read_text("utf-8") == "雨落在山\n\n"
    assert [path.name for path in (tmp_path / "songs").iterdir()] == ["one.txt"]


def test_help_in_two_languages(talk: Talk) -> None:
    for word in (":h", ":help", "？", "：ｈ", "?"):
        assert ":u        undo\n" in talk(word).stderr
    assert ":u        撤销一步\n" in talk("帮助").stderr
    assert ":x: no such command; :h for help\n" in talk(":x").stderr


@pytest.mark.parametrize("text", [interactive._HELP, interactive._HELP_IN_CHINESE])
def test_help_fits_a_narrow_terminal(text: str) -> None:
    for line in text.splitlines():
        assert sum(1 + (unicodedata.east_asian_width(character) in "WF") for character in line) <= 40


@pytest.mark.parametrize(
    ("answer", "parsed"),
    [
        ("：ｑ", ("q", "")),
        ("１", ("number", "1")),
        (" 2 ", ("number", "2")),
        ("：T　，好 ", ("t", "，好 ")),
        (":s! a b", ("s!", "a b")),
        (":e3", ("e", "3")),
        ("我，", ("", "我，")),
        ("", ("", "")),
        (" ", ("", " ")),
        (":-)", (":", "-)")),
        ("：帮助", ("帮助", "")),
        (":?", ("?", "")),
        (":", (":", "")),
    ],
)
def test_answers_are_what_they_look_like(answer: str, parsed: tuple[str, str]) -> None:
    assert interactive.parse_answer(answer) == parsed
