"""``lyricgen inspect``: the page, its figures, the pictures of several models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import SONG, Cli

import lyricgen
from lyricgen.cli import page
from lyricgen.cli.inspect import inspect
from lyricgen.inspection import views


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


def test_what_help_may_not_import_is_the_same_there() -> None:
    """Names and bounds that the command line spells out, so that it need not import NumPy for them."""
    options: Any = {each.name: each for each in inspect.params}
    assert tuple(options["without"].type.choices) == views.NAMES
    assert options["max_chars"].type.max <= page.MOST


def test_a_page_of_standard_input_without_views(cli: Cli, trained: Path, tmp_path: Path) -> None:
    views = [word for name in ("units", "gates", "memory", "like") for word in ("--without", name)]
    arguments = ("inspect", "-", "-c", str(trained / "checkpoints"), "-o", "new/a.html", *views)
    result = cli(*arguments, input="山上的雨\n山", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (0, "new/a.html\n"), result.stderr
    assert len(result.stderr.splitlines()) == 1
    again = cli(*arguments, input="山上的雨\n山", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (1, "")
    assert "--force" in again.stderr
    named = cli("inspect", "-c", str(trained / "checkpoints"), "-o", "a.svg", cwd=tmp_path)
    assert (named.returncode, named.stdout) == (2, "")
    assert "a page is .html" in named.stderr


def test_the_picture_of_gradients(cli: Cli, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "song.txt").write_text(10 * SONG, "utf-8")
    run = str(trained / "checkpoints")
    result = cli("inspect", "--gradients", run, run, "--scale", "3", "--dataset", "song.txt", "--json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(each["run"], each["scale"], len(each["norms"])) for each in found] == 2 * [(run, 1, 101), (run, 3, 101)]
    assert (tmp_path / "gradients.png").read_bytes().startswith(b"\x89PNG")
    assert f"{run} × 3: 50% within " in result.stderr


def test_the_picture_of_contexts(trained: Path, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "song.txt").write_text(10 * SONG, "utf-8")
    run = str(trained / "checkpoints")
    result = cli("inspect", "--context", run, "--dataset", "song.txt", "-o", "a.svg", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (0, "a.svg\n"), result.stderr
    assert (tmp_path / "a.svg").read_text("utf-8").count("<path") > 10
    (found,) = lyricgen.context(run, dataset=tmp_path / "song.txt")
    assert f"perplexity {found.network[1]:.2f} seeing 1, {found.network[5]:.2f} seeing 5," in result.stderr
