from __future__ import annotations

from pathlib import Path

import pytest
from support.checker import broken
from support.command import Cli

import lyricgen
from lyricgen import api
from lyricgen.errors import FileError

SONG = """\
[ti:水]
[00:10.00]门口的石头又长高
[00:12.00]雨还没有来
[00:14.00]风自己会说
[00:16.00]门口的石头又长高
[00:18.00]雨还没有来
"""
FORM = "8,5,5,=1-2"


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "song.lrc"
    path.write_text(SONG, "utf-8")
    return path


def test_a_song_like_another(cli: Cli, song: Path) -> None:
    result = cli("generate", "-c", "zh", "--like", str(song), "--seed", "1")
    assert result.stderr == f"form {FORM}\n"
    assert not broken(result.stdout.rstrip("\n"), form=FORM)
    piped = cli("generate", "-c", "zh", "--like", "-", "--seed", "1", input=SONG)
    assert (piped.stdout, piped.stderr) == (result.stdout, result.stderr)


def test_options_take_the_place_of_parts_of_its_form(cli: Cli, song: Path) -> None:
    result = cli("generate", "-c", "zh", "--like", str(song), "--lines", "2", "--rhyme", "AA", "--seed", "1")
    assert not broken(result.stdout.rstrip("\n"), form="8A,5A")


def test_python_takes_a_form_over_in_the_same_words(song: Path, cli: Cli) -> None:
    model = lyricgen.load("zh")
    (text,) = model.generate(like=song, seed=1)
    assert text + "\n" == cli("generate", "-c", "zh", "--like", str(song), "--seed", "1").stdout
    assert not broken(model.write(like=song, drafts=2, seed=1), form=FORM)
    assert str(api.read_form(song).form) == FORM


def test_a_model_is_no_song(trained: Path) -> None:
    with pytest.raises(FileError, match=r"dataset\.safetensors: is a dataset, not a song; name a text"):
        api.read_form(trained / "dataset.safetensors")
