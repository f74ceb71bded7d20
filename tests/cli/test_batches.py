from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Callable, NamedTuple

import numpy as np
import pytest

import lyricgen
from lyricgen.cli import commands
from lyricgen.cli.batches import visible, width
from lyricgen.errors import FileError, OptionError

CONSECUTIVE = """\
minibatch 1
  X                   Y
   0  1  2  3  4  5    1  2  3  4  5  6
  15 16 17 18 19 20   16 17 18 19 20 21

minibatch 2
  X                   Y
→  6  7  8  9 10 11    7  8  9 10 11 12
→ 21 22 23 24 25 26   22 23 24 25 26 27

minibatch 3
  X                   Y
→ 12 13               13 14
→ 27 28               28 29
"""
RANDOM = """\
minibatch 1
  X                   Y
  12 13 14 15 16 17   13 14 15 16 17 18
   0  1  2  3  4  5    1  2  3  4  5  6

minibatch 2
  X                   Y
   6  7  8  9 10 11    7  8  9 10 11 12
  18 19 20 21 22 23   19 20 21 22 23 24
"""
TEXT = """\
minibatch 1
  X        Y
  雨，ca   ，caf
  ␣山↵e    山↵e◌\u030a

minibatch 2
  X        Y
→ fé◌\u0301␣     é◌\u0301␣x
→ ◌\u030a␣全角   ␣全角␣

minibatch 3
  X        Y
→ x        ◌\u0302
→ ␣        雨
"""


class Shown(NamedTuple):
    out: str
    err: str


Show = Callable[..., Shown]


@pytest.fixture
def show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Show:
    """Run ``prepare --show-batches`` in an empty folder; nothing may be written."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)

    def run(sampling: str, *arguments: str) -> Shown:
        before = set(tmp_path.iterdir())
        commands.main(["prepare", "--show-batches", sampling, *arguments], standalone_mode=False)
        assert set(tmp_path.iterdir()) == before
        return Shown(*capsys.readouterr())

    return run


def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)


def test_the_numbers(show: Show) -> None:
    shown = show("consecutive")
    assert shown.out == CONSECUTIVE
    assert shown.err == (
        "numbers     0 to 29\n"
        "minibatches 3 of 2 × 6 numbers, the last of 2 × 2\n"
        "consecutive → each row goes on where it ended before, and keeps its state\n"
    )
    shown = show("random")
    assert shown.out == RANDOM
    assert shown.err == (
        "numbers     0 to 29\n"
        "minibatches 2 of 2 × 6 numbers\n"
        "random      the rows come in random order, and each starts from a zero state\n"
    )


def test_y_is_below_x_on_a_narrow_terminal(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "39")
    assert show("consecutive").out == CONSECUTIVE
    monkeypatch.setenv("COLUMNS", "38")
    lines = show("consecutive", "--batch-size", "1", "--steps", "12").out.splitlines()
    assert lines[5:] == [
        "",
        "minibatch 2",
        "  X",
        "→ 12 13 14 15 16 17 18 19 20 21 22 23",
        "  Y",
        "  13 14 15 16 17 18 19 20 21 22 23 24",
        "",
        "minibatch 3",
        "  X",
        "→ 24 25 26 27 28",
        "  Y",
        "  25 26 27 28 29",
    ]


def test_a_text_is_aligned_by_the_width_of_its_characters(show: Show, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("雨，café\u0301 x\u0302 山\ne\u030a 全角 雨\n", "utf-8")
    shown = show("consecutive", "a.txt", "--valid-fraction", "0", "--steps", "4")
    assert shown.out == TEXT
    assert shown.err.splitlines()[:3] == [
        "corpus      a.txt: 21 characters",
        "train       21 characters",
        "minibatches 3 of 2 × 4 characters, the last of 2 × 1",
    ]


def test_what_takes_no_column_is_shown_on_a_sign_of_its_own() -> None:
    shown = [visible(character) for character in "\n\t \u3000\u0301\u200d雨"]
    assert shown == ["↵", "⇥", "␣", "␣", "◌\u0301", "U+200D", "雨"]
    assert [width(text) for text in shown] == [1, 1, 1, 1, 1, 6, 2]
    assert width("か◌\u3099，") == 5


def test_the_first_ones_of_a_text_by_the_options_of_prepare(show: Show, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("山上的\n雨落在\n" * 99, "utf-8")
    shown = show("random", "a.txt", "--newlines", "space", "--max-chars", "400", "--valid-fraction", "0.1")
    assert "minibatches 30 of 2 × 6 characters; the first 3\n" in shown.err
    assert "train       360 characters\n" in shown.err
    assert shown.out.count("minibatch") == 3
    assert "␣" in shown.out
    assert "↵" not in shown.out


def test_too_short_a_text_makes_the_minibatch_smaller(show: Show, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("山上的雨", "utf-8")
    shown = show("random", "a.txt", "--valid-fraction", "0")
    assert "minibatch   1 × 3: too few characters for 2 × 6\n" in shown.err
    assert shown.out == "minibatch 1\n  X        Y\n  山上的   上的雨\n"


COLOUR = re.compile(r"\x1b\[(3\d)m([^\n\x1b]*)\x1b\[0m")


def test_on_a_terminal_what_goes_on_keeps_its_colour(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    on_a_terminal(monkeypatch)
    shown = show("consecutive").out
    assert [colour for colour, _ in COLOUR.findall(shown)] == ["36", "33"] * 3
    assert COLOUR.sub(r"\2", shown) == CONSECUTIVE
    shown = show("random").out
    assert len({colour for colour, _ in COLOUR.findall(shown)}) == 4
    assert COLOUR.sub(r"\2", shown) == RANDOM


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_colours_where_they_are_not_wanted(
    name: str, value: str, show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_a_terminal(monkeypatch)
    monkeypatch.setenv(name, value)
    assert show("random").out == RANDOM


def test_python_has_the_same_minibatches(tmp_path: Path) -> None:
    batches = list(lyricgen.minibatches())
    assert [batch.x.T.tolist() for batch in batches][2] == [[12, 13], [27, 28]]
    (tmp_path / "a.txt").write_text("山上的雨\n" * 9, "utf-8")
    data = lyricgen.prepare(tmp_path / "a.txt", valid_fraction=0.2)
    for sampling in ("random", "consecutive"):
        of_data = list(lyricgen.minibatches(data, sampling=sampling, batch_size=3, steps=4))
        of_file = list(
            lyricgen.minibatches(tmp_path / "a.txt", valid_fraction=0.2, sampling=sampling, batch_size=3, steps=4)
        )
        assert len(of_data) == len(of_file) > 1
        for one, other in zip(of_data, of_file):
            np.testing.assert_array_equal(one, other)
    assert data.vocabulary.decode(of_data[0].x[:, 0]) == "山上的雨"


def test_python_s_mistakes_are_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("山上的雨", "utf-8")
    data = lyricgen.prepare(tmp_path / "a.txt", valid_fraction=0)
    with pytest.raises(OptionError, match="--sampling"):
        lyricgen.minibatches(sampling="sometimes")
    with pytest.raises(OptionError, match="--steps"):
        lyricgen.minibatches(steps=0)
    with pytest.raises(OptionError, match="--hidden: no such option"):
        lyricgen.minibatches(hidden=3)
    with pytest.raises(OptionError, match="--max-chars: has no effect"):
        lyricgen.minibatches(max_chars=3)
    with pytest.raises(OptionError, match="prepared already"):
        lyricgen.minibatches(data, max_chars=3)
    with pytest.raises(FileError, match="No such file"):
        lyricgen.minibatches(tmp_path / "missing.txt")
