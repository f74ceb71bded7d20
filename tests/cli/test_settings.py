"""``info``, ``train --config``, variables and completion."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from support.command import SONG, Cli

from lyricgen.cli import commands
from lyricgen.errors import LyricgenError
from lyricgen.model import checkpoint as checkpoints


def test_info_tells_what_is_in_a_file(cli: Cli, trained: Path) -> None:
    table = cli("info", "dataset.safetensors", "checkpoints", cwd=trained).stdout
    assert "kind                dataset" in table
    assert "  hidden            16" in table
    dataset, model = (
        json.loads(line)
        for line in cli(
            "info", "dataset.safetensors", "checkpoints/last.safetensors", "--json", cwd=trained
        ).stdout.splitlines()
    )
    assert dataset["kind"] == "dataset"
    assert dataset["characters"] == sum(part["characters"] for part in dataset["parts"].values())
    assert model["fingerprint"] == dataset["fingerprint"]
    assert model["model"]["hidden"] == 16
    assert (model["progress"]["epoch"], model["can_resume"]) == (30, True)
    assert model["text"] == {name: part["characters"] for name, part in dataset["parts"].items()}
    for arguments, words in ((["dataset.safetensors", "--toml"], "wants a checkpoint"), (["nowhere"], "nowhere")):
        result = cli("info", *arguments, cwd=trained)
        assert (result.returncode, result.stdout) == (1, "")
        assert words in result.stderr


def test_a_file_trains_the_same_model_again(cli: Cli, trained: Path, tmp_path: Path) -> None:
    toml = cli("info", "--toml", str(trained / "checkpoints"), cwd=tmp_path).stdout
    (tmp_path / "run.toml").write_text(toml, "utf-8")
    result = cli("train", str(trained / "dataset.safetensors"), "--config", "run.toml", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    ours, theirs = (checkpoints.load(folder / "checkpoints") for folder in (tmp_path, trained))
    assert (ours.model, ours.train, ours.progress) == (theirs.model, theirs.train, theirs.progress)


def test_flag_before_variable_before_file_before_default(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "song.txt").write_text(SONG, "utf-8")
    (tmp_path / "run.toml").write_text(
        'cell = "ngram"\norder = 5\nkeep-text = false\nseed = 7\npreview = ["山"]', "utf-8"
    )
    variables = {"LYRICGEN_TRAIN_ORDER": "4", "LYRICGEN_TRAIN_SEED": "8"}
    result = cli("train", "song.txt", "--config", "run.toml", "--seed", "9", env=variables)
    assert result.returncode == 0, result.stderr
    assert "\n - 山" in result.stderr
    found = checkpoints.load(tmp_path / "checkpoints")
    assert (found.model.cell, found.model.order, found.train.keep_text, found.train.seed) == ("ngram", 4, False, 9)
    assert found.train.lr == 0.006


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        ("hiden = 3", 1, "run.toml: hiden: no such option; hidden is meant?"),
        ("force = true", 1, "force"),
        ("hidden = 'x'", 2, "hidden: is not"),
        ("hidden =", 1, "not a TOML"),
        ("[train]\nlr = 1", 1, "train"),
        ("lr = -1.0", 2, "--lr"),
        ("[lr]\nx = 1", 1, "table"),
        ("hidden = [3]", 1, "hidden: is a list"),
        ("hidden = 1979-05-27", 2, "hidden: is not"),
        ("tie = 3", 2, "tie: is not"),
        ("hidden = true", 2, "hidden: is not"),
        ("hidden = 3.0", 2, "hidden:"),
        ("lr = true", 2, "lr: is not"),
        ("preview = [1]", 2, "preview: is not"),
        ("output = 3", 2, "output:"),
        ('output = "a\\u0000"', 2, "output: is not"),
        ("lr = " + "9" * 5000, 1, "not a TOML"),
        ("hidden = " + "9" * 400, 2, "--hidden"),
        ("x = " + "[" * 100_000, 1, "not a TOML"),
    ],
)
def test_a_file_that_is_wrong(
    text: str, status: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("run.toml").write_text(text, "utf-8")
    with pytest.raises((click.ClickException, LyricgenError)) as refused:
        commands.main(["train", "--config", "run.toml"], standalone_mode=False)
    assert refused.value.exit_code == status
    error = refused.value
    assert words in (error.format_message() if isinstance(error, click.ClickException) else str(error))
    assert os.listdir() == ["run.toml"]


def test_variables_of_a_real_call(cli: Cli, trained: Path) -> None:
    variables = {"LYRICGEN_GENERATE_LENGTH": "7", "LYRICGEN_GENERATE_SEED": "1", "LYRICGEN_GENERATE_PREFIX": "山 雨"}
    songs = cli("generate", env=variables, cwd=trained).stdout
    assert songs.startswith("山")
    assert "\n\n\n雨" in songs
    assert len(songs) == 2 * (1 + 7 + 1) + 2
    result = cli("generate", env={"LYRICGEN_GENERATE_LENGTH": "x"}, cwd=trained)
    assert result.returncode == 2
    assert "--length" in result.stderr


SHELLS = {
    "bash": 'eval "$(lyricgen completion bash)"; COMP_WORDS=(lyricgen train --cell l); COMP_CWORD=3; '
    '_lyricgen_completion lyricgen; printf "%s\\n" "${COMPREPLY[@]}"',
    "fish": 'lyricgen completion fish | source; complete -C "lyricgen train --cell l"',
    "zsh": """
        autoload -Uz compinit; compinit -u -D; eval "$(lyricgen completion zsh)"
        _describe() { eval "print -rl -- \\"\\${${@[-1]}[@]}\\"" }
        compadd() { eval "print -rl -- \\"\\${${@[-1]}[@]}\\"" }
        words=(lyricgen train --cell l); CURRENT=4; _lyricgen_completion
    """,
}


@pytest.mark.process
@pytest.mark.parametrize("shell", SHELLS)
def test_shells_complete(shell: str, trained: Path) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed here")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(
        [program, "-c", SHELLS[shell]],
        cwd=trained,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert "lstm" in result.stdout.split(), result.stderr
    assert "gru" not in result.stdout.split()
