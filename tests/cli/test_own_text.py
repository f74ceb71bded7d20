"""A checkpoint knows its own text: no command depends on which files happen to lie in the folder."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from support.command import SONG, Cli

import lyricgen
from lyricgen.errors import FileError
from lyricgen.model import checkpoint as checkpoints
from lyricgen.text import dataset

OTHER = "别的歌\n一二三四\n五六七八\n\n" * 30


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder whose dataset.safetensors is another one."""
    lyricgen.prepare(*_written(tmp_path, "other.txt", OTHER), output=tmp_path / "dataset.safetensors")
    return tmp_path


def _written(folder: Path, name: str, text: str) -> list[str]:
    (folder / name).write_text(text, "utf-8")
    return [str(folder / name)]


def test_the_held_out_part_is_the_models_own(cli: Cli, trained: Path, elsewhere: Path) -> None:
    result = cli("evaluate", "-c", str(trained / "checkpoints"), "--json", cwd=elsewhere)
    figures = json.loads(result.stdout)
    best = checkpoints.load(trained / "checkpoints")
    assert figures["perplexity"] == pytest.approx(best.progress.valid_perplexity, rel=1e-4)
    assert "the valid part of" in result.stderr
    assert figures["baselines"].keys() == {"uniform", "unigram", "6-gram"}


def test_another_dataset_is_named_with_both_vocabularies(cli: Cli, trained: Path, elsewhere: Path) -> None:
    arguments = ["-c", str(trained / "checkpoints"), "--dataset", "dataset.safetensors"]
    result = cli("evaluate", *arguments, "--json", cwd=elsewhere)
    assert result.returncode == 0, result.stderr
    theirs = len(dataset.load(elsewhere / "dataset.safetensors").vocabulary) - 1
    ours = len(checkpoints.load(trained / "checkpoints").vocabulary) - 1
    (warning,) = [line for line in result.stderr.splitlines() if line.startswith("Warning")]
    assert f"{theirs} characters, the model {ours}" in warning
    assert json.loads(result.stdout)["unknown"] > 0
    own = cli("evaluate", "-c", str(trained / "checkpoints"), "--dataset", str(trained / "dataset.safetensors"))
    assert "Warning" not in own.stderr


def test_weights_are_fitted_on_the_models_own_text(cli: Cli, trained: Path, elsewhere: Path) -> None:
    arguments = ["generate", "-c", str(trained / "checkpoints"), "--cache", "--seed", "1", "--length", "5"]
    here, there = cli(*arguments, cwd=trained), cli(*arguments, cwd=elsewhere)
    assert (here.stdout, here.stderr) == (there.stdout, there.stderr)
    assert "fitted on" in here.stderr


def test_songs_are_compared_with_the_models_own_text(cli: Cli, trained: Path, elsewhere: Path) -> None:
    (elsewhere / "songs.txt").write_text("山上的雨\n雨落在山上\n", "utf-8")
    arguments = ["measure", "songs.txt", "-c", str(trained / "checkpoints"), "--json"]
    own = json.loads(cli(*arguments, cwd=elsewhere).stdout)
    assert own["longest_copy_max"] == len("山上的雨\n雨落在山上")
    other = json.loads(cli(*arguments, "--dataset", "dataset.safetensors", cwd=elsewhere).stdout)
    assert other["longest_copy_max"] < own["longest_copy_max"]


def test_without_a_text_of_its_own_one_must_be_named(cli: Cli, tmp_path: Path) -> None:
    _written(tmp_path, "song.txt", SONG)
    assert cli("train", "song.txt", "--cell", "ngram", "--no-keep-text").returncode == 0
    for command in (["evaluate"], ["measure", "song.txt"]):
        result = cli(*command)
        assert (result.returncode, result.stdout) == (1, "")
        assert "--dataset" in result.stderr
    assert cli("evaluate", "--dataset", "song.txt").returncode == 0
    assert cli("measure", "song.txt", "--dataset", "song.txt").returncode == 0
    assert lyricgen.load(tmp_path / "checkpoints").longest_copy("山") is None


def test_nothing_held_out_is_said(cli: Cli, tmp_path: Path) -> None:
    _written(tmp_path, "song.txt", SONG)
    lyricgen.prepare(tmp_path / "song.txt", output=tmp_path / "whole.safetensors", valid_fraction=0)
    assert cli("train", "whole.safetensors", "--cell", "ngram").returncode == 0
    result = cli("evaluate")
    assert (result.returncode, result.stdout) == (1, "")
    assert "nothing was held out; name a text" in result.stderr
    with pytest.raises(FileError, match="nothing was held out"):
        lyricgen.load(tmp_path / "checkpoints").evaluate()


@pytest.mark.parametrize("command", ["evaluate", "score", "prepare -o b.safetensors", "train --cell ngram -o b"])
def test_a_dataset_stands_for_its_text(command: str, cli: Cli, trained: Path, tmp_path: Path) -> None:
    song = SONG.rstrip("\n") + "\n"
    lyricgen.prepare(*_written(tmp_path, "song.txt", song), output=tmp_path / "song.safetensors")
    shutil.copytree(trained / "checkpoints", tmp_path / "checkpoints")
    results, made = [], []
    for source in ("song.txt", "song.safetensors"):
        shutil.rmtree(tmp_path / "b", ignore_errors=True)
        (tmp_path / "b.safetensors").unlink(missing_ok=True)
        results.append(cli(*command.split(), source))
        assert results[-1].returncode == 0, results[-1].stderr
        if command.startswith("prepare"):
            made.append(dataset.load(tmp_path / "b.safetensors").fingerprint)
        elif command.startswith("train"):
            made.append(checkpoints.load(tmp_path / "b").dataset)
    assert results[0].stdout == results[1].stdout != ""
    assert len(set(made)) == len(made) // 2


def test_a_dataset_stands_for_songs(cli: Cli, trained: Path, tmp_path: Path) -> None:
    song = SONG.rstrip("\n") + "\n"
    lyricgen.prepare(*_written(tmp_path, "song.txt", song), output=tmp_path / "song.safetensors")
    model = ["-c", str(trained / "checkpoints")]
    songs = [
        json.loads(cli("measure", name, *model, "--json").stdout)["songs"] for name in ("song.txt", "song.safetensors")
    ]
    assert songs == [8, 8]


def test_a_checkpoint_is_no_text(cli: Cli, trained: Path) -> None:
    result = cli("evaluate", "checkpoints/best.safetensors", cwd=trained)
    assert (result.returncode, result.stdout) == (1, "")
    assert "a dataset is wanted" in result.stderr


def test_a_page_shows_unknown_characters_and_marks_them(cli: Cli, trained: Path, tmp_path: Path) -> None:
    result = cli("inspect", "-", "-c", str(trained / "checkpoints"), "-o", "page.html", input="山上有龙")
    assert (result.returncode, result.stdout) == (0, "page.html\n"), result.stderr
    page = (tmp_path / "page.html").read_text("utf-8")
    assert '<button class="unknown"' in page
    assert ">龙</button>" in page
    assert "\ufffd" not in page


def test_held_out_characters_that_training_never_saw_are_shown(cli: Cli, tmp_path: Path) -> None:
    _written(tmp_path, "song.txt", SONG + "龙")
    assert cli("train", "song.txt", "--cell", "ngram").returncode == 0
    assert cli("inspect", "-o", "page.html").returncode == 0
    assert ">龙</button>" in (tmp_path / "page.html").read_text("utf-8")


def test_files_are_not_streams(cli: Cli, trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained / "checkpoints", tmp_path / "checkpoints")
    _written(tmp_path, "song.txt", SONG)
    for arguments in (
        ["prepare", "song.txt", "-o", "-"],
        ["export", "-o", "-"],
        ["plot", "-o", "-"],
        ["inspect", "-o", "-"],
    ):
        result = cli(*arguments)
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr.count("\n") == 1
        assert "-: " in result.stderr
    assert not (tmp_path / "-").exists()


@pytest.mark.process  # matplotlib asks fc-list for fonts
def test_arguments_fit_together(cli: Cli, trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained / "checkpoints", tmp_path / "m")
    _written(tmp_path, "a.txt", SONG)
    _written(tmp_path, "b.txt", OTHER)
    result = cli("train", "a.txt", "b.txt", "--cell", "ngram")
    assert result.returncode == 0, result.stderr
    assert set("山别") <= set(lyricgen.load(tmp_path / "checkpoints").vocabulary)
    lines = cli("score", "a.txt", "-c", "m").stdout
    assert lines == cli("score", "-c", "m", input=SONG.rstrip("\n")).stdout
    assert lines.count("\n") == SONG.rstrip("\n").count("\n") + 1
    assert cli("plot", "m/best.safetensors", "-o", "p.svg").stdout == "p.svg\n"


@pytest.mark.parametrize("command", ["score", "generate --prefix -", "fill -", "measure -"])
def test_nothing_in_nothing_wrong(command: str, cli: Cli, trained: Path) -> None:
    result = cli(*command.split(), cwd=trained, input="")
    assert result.returncode == 0, result.stderr
    assert command == "measure -" or result.stdout == ""


@pytest.mark.parametrize(
    "command", ["score", "generate --prefix - --length 3 --seed 1", "fill -", "measure -", "evaluate -", "prepare -"]
)
def test_standard_input_has_one_reader(command: str, cli: Cli, trained: Path, tmp_path: Path) -> None:
    def run(data: bytes, *more: str) -> subprocess.CompletedProcess[bytes]:
        model = [] if command.startswith("prepare") else ["-c", str(trained / "checkpoints")]
        return cli(*command.split(), *model, *more, input=data)  # type: ignore[return-value]

    text = "山＿的雨\n雨＿在山上\n"
    refused = run(text.encode("gb18030"), "--encoding", "utf-8")
    assert refused.returncode == 1
    assert "standard input: byte " in refused.stderr.decode()
    assert "--encoding gb18030" in refused.stderr.decode()
    assert refused.stderr.count(b"\n") == 1 + refused.stderr.count(b"seed")
    (tmp_path / "dataset.safetensors").unlink(missing_ok=True)
    as_utf8 = run(b"\xef\xbb\xbf" + text.encode())
    (tmp_path / "dataset.safetensors").unlink(missing_ok=True)
    assert as_utf8.returncode == 0, as_utf8.stderr
    for more in ((), ("--encoding", "gb18030")):
        assert run(text.encode("gb18030"), *more).stdout == as_utf8.stdout
        (tmp_path / "dataset.safetensors").unlink(missing_ok=True)


def test_info_knows_what_can_be_resumed(cli: Cli, tmp_path: Path) -> None:
    _written(tmp_path, "song.txt", SONG)
    for optimizer in ("adam", "sgd"):
        small = ["--hidden", "4", "--epochs", "1", "--optimizer", optimizer, "-o", optimizer]
        assert cli("train", "song.txt", *small).returncode == 0
        assert json.loads(cli("info", f"{optimizer}/last.safetensors", "--json").stdout)["can_resume"] is True
    assert json.loads(cli("info", "adam/best.safetensors", "--json").stdout)["can_resume"] is False


def test_a_diverged_training_gets_advice_that_can_be_followed(cli: Cli, tmp_path: Path) -> None:
    _written(tmp_path, "song.txt", SONG)
    wild = ["--optimizer", "sgd", "--lr", "1e38", "--hidden", "4", "--epochs", "3"]
    for clip, advice in (("0", "lower --lr, or set --clip"), ("1e37", "lower --lr or --clip")):
        result = cli("train", "song.txt", *wild, "--clip", clip, "-o", clip)
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr.splitlines()[-1].startswith("Error: ")
        assert advice in result.stderr.splitlines()[-1]
        assert result.stderr.count("Error") == 1


def test_a_dataset_is_recognised_whatever_its_name(cli: Cli, trained: Path, tmp_path: Path) -> None:
    lyricgen.prepare(*_written(tmp_path, "song.txt", SONG), output=tmp_path / "song.ds")
    model = str(trained / "checkpoints")
    for command in ("evaluate", "prepare -o b.safetensors"):
        options = ["-c", model] if command == "evaluate" else []
        result = cli(*command.split(), "song.ds", *options)
        assert result.returncode == 0, result.stderr


def test_a_file_is_scored_as_it_would_be_learnt(cli: Cli, trained: Path) -> None:
    (trained / "a.lrc").write_text("[00:00.00]作词：某人\n[00:01.00]  山上的雨\n[00:02.00]我们不分开\n", "utf-8")
    lines = cli("score", "a.lrc", cwd=trained).stdout.splitlines()
    assert [line.partition("\t")[2] for line in lines] == ["山上的雨", "我们不分开"]
