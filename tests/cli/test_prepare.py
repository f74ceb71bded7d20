from __future__ import annotations

import gzip
import os
import zipfile
from pathlib import Path

import pytest
from support.command import Cli

from lyricgen.text import dataset

BOOK = "想要有直升机" * 5


def test_the_sample_is_prepared_and_reported(cli: Cli, tmp_path: Path) -> None:
    result = cli("prepare")
    data = dataset.load(tmp_path / "dataset.safetensors")
    assert result.returncode == 0
    assert result.stdout == "dataset.safetensors\n"
    first = data.train[:20]
    for words in (
        f"the sample: {len(data):,} characters",
        f"{len(data.vocabulary) - 1:,} characters, and one for all unknown ones",
        data.vocabulary.decode(first).replace("\n", "↵"),
        " ".join(map(str, first)),
        f"train       {len(data.train):,} characters, 0.0% unknown",
        f"valid       {len(data.valid):,} characters, {data.unknown_share('valid'):.1%} unknown",
    ):
        assert words in result.stderr


def test_every_kind_of_source_at_once(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("甲", "utf-8")
    (tmp_path / "夹 子").mkdir()
    (tmp_path / "夹 子" / "two.txt.gz").write_bytes(gzip.compress("乙".encode()))
    with zipfile.ZipFile(tmp_path / "three.zip", "w") as archive:
        archive.writestr("t.txt", "丙")
    options = ("-o", "out.safetensors", "--valid-fraction", "0")
    result = cli("prepare", "one.txt", "夹 子", "three.zip", "-", *options, input="丁\r\n")
    assert result.returncode == 0, result.stderr
    data = dataset.load(tmp_path / "out.safetensors")
    assert data.vocabulary.decode(data.train) == "甲\n\n\n乙\n\n\n丙\n\n\n丁\n"
    assert data.sources == ("one.txt", "夹 子", "three.zip", "-")


def test_the_book_s_options(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("想要有\n直升机\n" * 9, "utf-8")
    cli("prepare", "a.txt", "--max-chars", "12", "--newlines", "space", "--valid-fraction", "0")
    data = dataset.load(tmp_path / "dataset.safetensors")
    assert data.vocabulary.decode(data.train) == "想要有 直升机 想要有 "
    assert data.vocabulary.characters == "".join(sorted("想要有直升机 "))


def test_nothing_is_replaced_without_force(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "dataset.safetensors").write_text("precious")
    result = cli("prepare")
    assert (result.returncode, result.stdout) == (1, "")
    assert "--force" in result.stderr
    assert (tmp_path / "dataset.safetensors").read_text() == "precious"
    assert cli("prepare", "--force").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["missing.txt"], 1, "missing.txt: cannot be read: No such file"),
        (["bad.txt"], 1, "bad.txt: byte 3 is not utf-8: save it as UTF-8, or name its encoding with --encoding"),
        (["bad.txt", "--encoding", "nope"], 2, "'nope' is unknown"),
        (["empty.txt"], 1, "empty.txt: contains no text"),
        (["good.txt", "--max-chars", "1"], 1, "too few"),
        (["good.txt", "--max-chars", "-1"], 2, "--max-chars"),
        (["good.txt", "--valid-fraction", "nan"], 2, "--valid-fraction"),
        (["good.txt", "--valid-fraction", "0.6", "--test-fraction", "0.6"], 2, "nothing to train on"),
        (["good.txt", "--newlines", "drop"], 2, "--newlines"),
        (["good.txt", "-o", "folder"], 1, "folder: is a folder"),
        (["good.txt", "-o", "good.txt/x"], 1, "good.txt/x"),
        (["--frobnicate"], 2, "--frobnicate"),
    ],
)
def test_faults_get_one_line_and_leave_nothing(
    arguments: list[str], status: int, words: str, cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "bad.txt").write_bytes("雨".encode() + b"\xff")
    (tmp_path / "good.txt").write_text("雨落在山上" * 9, "utf-8")
    (tmp_path / "empty.txt").touch()
    (tmp_path / "folder").mkdir()
    before = sorted(os.listdir(tmp_path))
    result = cli("prepare", *arguments)
    assert (result.returncode, result.stdout) == (status, "")
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    assert words in result.stderr
    assert sorted(os.listdir(tmp_path)) == before


def test_what_nobody_sings_is_left_out_and_said(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "songs").mkdir()
    song = "[ti:一]\n[00:00.00]作词：某人\n[00:01.00][00:09.00]山上的雨\n[00:05.00]我们不分开\n"
    (tmp_path / "songs" / "a.lrc").write_text(song, "utf-8")
    (tmp_path / "songs" / "b.txt").write_text("[Verse 1]\n雨\n", "utf-8")
    (tmp_path / "songs" / "c.docx").write_text("PK", "utf-8")
    result = cli("prepare", "songs", "--valid-fraction", "0")
    assert result.returncode == 0, result.stderr
    data = dataset.load(tmp_path / "dataset.safetensors")
    assert data.vocabulary.decode(data.train) == "山上的雨\n我们不分开\n山上的雨\n\n\n雨\n"
    notes = [line for line in result.stderr.splitlines() if line.startswith(("read ", "left out"))]
    left = "time stamps of 3 lines, 1 ID tag, 1 credit line, 1 section mark (--keep-credits keeps credits)"
    assert notes == ["read        2 of 3 files; .docx: 1", f"left out    {left}"]
    result = cli("prepare", "songs", "--valid-fraction", "0", "--keep-credits", "-f")
    data = dataset.load(tmp_path / "dataset.safetensors")
    assert data.vocabulary.decode(data.train).startswith("作词：某人\n山上的雨")


def test_a_collection_needs_the_name_of_its_field(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "songs.json").write_text('[{"name": "一", "lyric": "山上的雨"}, {"lyric": "分开以后"}]', "utf-8")
    result = cli("prepare", "songs.json")
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert result.stderr.endswith("lyricgen prepare --field NAME reads it, of: name, lyric\n")
    assert cli("prepare", "songs.json", "--field", "lyric", "--valid-fraction", "0").returncode == 0
    data = dataset.load(tmp_path / "dataset.safetensors")
    assert data.vocabulary.decode(data.train) == "山上的雨\n\n\n分开以后\n"


def test_one_script_is_made_of_two_and_asked_for_where_there_are_two(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("我们发现心里的云\n" * 30, "utf-8")
    (tmp_path / "b.txt").write_text("我們發現心裡的雲\n" * 10, "utf-8")
    result = cli("prepare", "a.txt", "b.txt", "--valid-fraction", "0")
    words = "(64 % / 36 %): prepare --script simplified makes them one\n"
    assert f"Warning: the text mixes simplified and traditional characters {words}" in result.stderr
    for script, line in (("simplified", "我们发现心里的云\n"), ("traditional", "我們發現心裡的雲\n")):
        result = cli("prepare", "a.txt", "b.txt", "--script", script, "--valid-fraction", "0", "-f")
        data = dataset.load(tmp_path / "dataset.safetensors")
        assert data.vocabulary.decode(data.train) == line * 30 + "\n\n" + line * 10
        assert data.config.script == script
        assert "mixes" not in result.stderr
    result = cli("prepare", "a.txt", "b.txt", "--script", "latin", "-f")
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert "--script" in result.stderr
