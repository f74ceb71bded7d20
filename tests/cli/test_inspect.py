"""``lyricgen inspect``: the page, its figures; ``lyricgen plot``: the pictures of several models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command import SONG, Cli

import lyricgen
from lyricgen import api


def test_a_page_of_the_models_own_songs(cli: Cli, trained: Path, tmp_path: Path) -> None:
    result = cli("inspect", "-c", str(trained / "checkpoints"), "--max-chars", "60", "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    figures = json.loads(result.stdout)
    seen = lyricgen.load(trained / "checkpoints").inspect(max_chars=60)
    assert figures["characters"] == 60
    assert figures["text"] == seen.title
    assert figures["text"].endswith(": the first 60 of 83 characters of the valid part")
    assert figures["perplexity"] == pytest.approx(seen.perplexity)
    units = figures["units"]["layer 1, hidden state"]
    assert sorted(unit["unit"] for unit in units) == list(range(1, 17))
    shares = seen.figures()["memory"]["before"]
    within = [f"{sum(shares[:back]):.0%} within {back}" for back in (1, 5, 20)]
    assert f"before the prediction: {', '.join(within)} of 50 characters" in result.stderr
    heads = [line.split()[0] for line in result.stderr.splitlines() if not line.startswith(" ")]
    assert heads == ["text", "units", "half-lives", "memory"]
    assert (tmp_path / "inspect.html").read_text("utf-8").count("<button") >= 60


def test_a_page_of_standard_input(cli: Cli, trained: Path, tmp_path: Path) -> None:
    arguments = ("inspect", "-", "-c", str(trained / "checkpoints"), "-o", "new/a.html")
    result = cli(*arguments, input="山上的雨\n山", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (0, "new/a.html\n"), result.stderr
    again = cli(*arguments, input="山上的雨\n山", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (1, "")
    assert "--force" in again.stderr
    named = cli("inspect", "-c", str(trained / "checkpoints"), "-o", "a.svg", cwd=tmp_path)
    assert (named.returncode, named.stdout) == (2, "")
    assert "a page is .html" in named.stderr


@pytest.mark.process
def test_the_picture_of_gradients(cli: Cli, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "song.txt").write_text(10 * SONG, "utf-8")
    run = str(trained / "checkpoints")
    result = cli("plot", "--gradients", run, run, "--scale", "3", "--dataset", "song.txt", "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(each["run"], each["scale"], len(each["norms"])) for each in found] == 2 * [(run, 1, 101), (run, 3, 101)]
    assert (tmp_path / "gradients.png").read_bytes().startswith(b"\x89PNG")
    assert f"{run} × 3: 50% within " in result.stderr


@pytest.mark.process
def test_the_picture_of_contexts(trained: Path, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "song.txt").write_text(10 * SONG, "utf-8")
    run = str(trained / "checkpoints")
    result = cli("plot", "--context", run, "--dataset", "song.txt", "-o", "a.svg", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (0, "a.svg\n"), result.stderr
    assert (tmp_path / "a.svg").read_text("utf-8").count("<path") > 10
    (found,) = api.context(run, dataset=tmp_path / "song.txt")
    assert f"perplexity {found.network[1]:.2f} seeing 1, {found.network[5]:.2f} seeing 5," in result.stderr
