from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.checker import broken
from support.command import Cli

from lyricgen.writing.form import named

SONG = """\
[ti:水]
[00:01.00]作词：我们
[00:10.00]门口的石头又长高
[00:12.00]雨还没 有来
[00:14.00]风自己会说（会说）
[00:16.00]门口的石头又长高
[00:18.00]雨还没 有来
[00:19.00]END
"""
DREAM = "中仄中平中仄A\n中仄中平中仄A\n中仄仄平平\n中仄中平中仄A\n平仄A\n=5\n中仄中平中仄A"


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "song.lrc"
    path.write_text(SONG, "utf-8")
    return path


def test_the_list_has_a_line_for_each_form(cli: Cli) -> None:
    rows = cli("forms").stdout.splitlines()
    assert [row.split()[0] for row in rows] == list(named.names())
    assert "如梦令             7 lines   33 characters  6A,6A,5,6A,2A,=5,6A" in rows


def test_a_name_shows_its_form(cli: Cli) -> None:
    assert cli("forms", "如夢令").stdout == f"# 如梦令 忆仙姿\n{DREAM}\n"
    first, rest = cli("forms", "长相思", "如夢令").stdout.split("\n\n", 1)
    assert first.splitlines() == ["# 长相思 吴山青", "中中平A", "仄中平A", "中仄平平中仄平A", "中平中仄平A"]
    assert rest.splitlines()[:4] == first.splitlines()[1:]
    assert rest.endswith(f"\n\n# 如梦令 忆仙姿\n{DREAM}\n")


def test_json_has_a_line_for_each(cli: Cli) -> None:
    (one,) = map(json.loads, cli("forms", "菩萨蛮", "--json").stdout.splitlines())
    assert one == {
        "name": "菩萨蛮",
        "aliases": ["重叠金"],
        "lines": 8,
        "characters": 44,
        "form": str(named.find("菩萨蛮").form),
    }
    assert len(cli("forms", "--json").stdout.splitlines()) == len(named.names())


def test_a_song_shows_its_form_which_writes_others(cli: Cli, song: Path) -> None:
    shown = cli("forms", str(song)).stdout
    assert shown == f"# {song}\n8\n3+2\n5\n=1-2\n"
    assert cli("forms", "-", input=SONG).stdout.splitlines()[1:] == shown.splitlines()[1:]
    assert json.loads(cli("forms", str(song), "--json").stdout)["form"] == "8,3+2,5,=1-2"
    own = song.parent / "my-form.txt"
    own.write_text(shown, "utf-8")
    written = cli("generate", "-c", "zh", "--form", str(own), "--seed", "1").stdout
    assert not broken(written.rstrip("\n"), form="8,3+2,5,=1-2")
    assert written == cli("generate", "-c", "zh", "--like", str(song), "--seed", "1").stdout


def test_a_song_shows_its_tones_if_that_is_asked(cli: Cli, song: Path) -> None:
    shown = cli("forms", str(song), "--tones").stdout.splitlines()
    assert [len(line) for line in shown[1:]] == [8, 6, 5, 4]
    assert shown[2] == "仄平平+仄平"
    assert cli("forms", str(song), "--tones", "--tones-by", "classical").stdout.splitlines()[3] == "平仄仄仄仄"


def test_what_rhymes_only_nearly_is_told(cli: Cli) -> None:
    assert cli("forms", "-", input="人\n梦\n天\n床\n").stdout == "# - --rhyme-by near\n1A\n1A\n1B\n1B\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["forms", "十四行"], "NAME: no form and no file is called 十四行"),
        (["info", "song.lrc"], "song.lrc: is a text; `lyricgen forms` shows the form of a song"),
        (["generate", "--form", "7,7", "--like", "song.lrc"], "--form: --like gives the form already"),
        (["generate", "--form", "浣溪"], "--form: no form and no file is called 浣溪; did you mean 浣溪"),
        (["generate", "--like", "missing.lrc"], "missing.lrc: cannot be read"),
        (["generate", "--like", "-", "--prefix", "-"], "--like: standard input is read by --prefix - already"),
        (["generate", "--like", "-"], "standard input: contains no text"),
    ],
)
def test_what_has_no_form(arguments: list[str], message: str, cli: Cli, song: Path) -> None:
    result = cli(*arguments, cwd=song.parent, input="")
    assert result.returncode in (1, 2)
    assert result.stdout == ""
    assert message in result.stderr.splitlines()[-1]
