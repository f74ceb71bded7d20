from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.checker import broken
from support.command import Cli

import lyricgen
from lyricgen import api
from lyricgen.errors import FileError

SONG = """\
[ti:水]
[00:01.00]作词：我们
[00:10.00]门口的石头又长高
[00:12.00]雨还没有来
[00:14.00]风自己会说
[00:16.00]门口的石头又长高
[00:18.00]雨还没有来
"""
OPTIONS = ["--form=8,5,5,8,5", "--repeats=4-5=1-2"]
FOUND = "lines       5, 5 to 8 characters each\nreturns     lines 4-5=1-2\nrhyme       none\n"
LENGTHS = [8, 5, 5, 8, 5]


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "song.lrc"
    path.write_text(SONG, "utf-8")
    return path


def test_a_song_like_another(cli: Cli, song: Path) -> None:
    result = cli("generate", "-c", "zh", "--like", str(song), "--seed", "1")
    assert result.stderr == FOUND
    assert not broken(result.stdout.rstrip("\n"), form="8,5,5,8,5", repeats="4-5=1-2")
    piped = cli("generate", "-c", "zh", "--like", "-", "--seed", "1", input=SONG)
    assert piped.stdout != ""
    assert piped.stderr == FOUND


def test_options_override_those_of_the_song(cli: Cli, song: Path) -> None:
    result = cli("generate", "-c", "zh", "--like", str(song), "--lines", "2", "--rhyme", "AA", "--seed", "1")
    assert not broken(result.stdout.rstrip("\n"), form="8,5", rhyme="AA")


def test_its_tones_are_taken_over_if_that_is_asked(cli: Cli, song: Path) -> None:
    result = cli("generate", "-c", "zh", "--like", str(song), "--tones", "--seed", "1")
    assert result.stderr == FOUND + "tones       those of each line that does not return\n"
    told = json.loads(cli("info", str(song), "--tones", "--json").stdout)
    assert not broken(result.stdout.rstrip("\n"), **{name: told[name] for name in ("form", "repeats", "tones")})


def test_info_prints_the_form_as_options(cli: Cli, song: Path) -> None:
    told = cli("info", str(song)).stdout.split()
    assert told == OPTIONS
    again = cli("generate", "-c", "zh", *told, "--seed", "1")
    assert again.stdout == cli("generate", "-c", "zh", "--like", str(song), "--seed", "1").stdout
    assert cli("info", "-", input=SONG).stdout.split() == OPTIONS


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["generate", "--tones"], "--tones: name a pattern, or a song with --like"),
        (["generate", "--like", "missing.lrc"], "missing.lrc: cannot be read"),
        (["generate", "--like", "-", "--prefix", "-"], "--like: standard input is read by --prefix - already"),
        (["generate", "--like", "-"], "standard input: contains no text"),
        (["info", "song.lrc", "--toml"], "song.lrc: is a song"),
    ],
)
def test_songs_that_have_no_form(arguments: list[str], message: str, cli: Cli, song: Path) -> None:
    result = cli(*arguments, cwd=song.parent, input="")
    assert result.returncode in (1, 2)
    assert result.stdout == ""
    assert message in result.stderr.splitlines()[-1]


def test_python_takes_a_form_over_in_the_same_words(song: Path, cli: Cli) -> None:
    model = lyricgen.load("zh")
    (text,) = model.generate(like=song, tones="like", seed=1)
    assert text + "\n" == cli("generate", "-c", "zh", "--like", str(song), "--tones", "--seed", "1").stdout
    assert not broken(model.write(like=song, drafts=2, seed=1), form="8,5,5,8,5", repeats="4-5=1-2")
    assert api.read_form(song).options == {"form": "8,5,5,8,5", "repeats": "4-5=1-2"}


def test_a_model_is_no_song(trained: Path) -> None:
    with pytest.raises(FileError, match=r"dataset\.safetensors: is a dataset, not a song; name a text"):
        api.read_form(trained / "dataset.safetensors")
