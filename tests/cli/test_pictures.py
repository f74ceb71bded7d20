"""Pictures of trainings."""

from __future__ import annotations

import io
import re
import shutil
from pathlib import Path

import pytest
from support.command import Cli

from lyricgen.cli import curves
from lyricgen.model import log


@pytest.mark.process
def test_plot_draws_runs(cli: Cli, trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained / "checkpoints", tmp_path / "a 歌")
    for name in ("best", "last"):
        (tmp_path / "a 歌" / f"{name}.safetensors").unlink()
    for name, begin in (("a.png", b"\x89PNG"), ("b.svg", b"<?xml")):
        result = cli("plot", "a 歌", str(trained / "checkpoints"), "-o", name, cwd=tmp_path)
        assert (result.returncode, result.stdout) == (0, f"{name}\n"), result.stderr
        assert (tmp_path / name).read_bytes().startswith(begin)
    drawn = (tmp_path / "b.svg").read_text("utf-8")
    texts = set(re.findall("<!-- (.*) -->", drawn))
    assert {"perplexity", "gradient norm", "(dashed: θ)", "steps clipped", "100%", "learning rate"} <= texts
    assert "mathdefault" not in drawn, "numbers are plain"


@pytest.mark.process  # fontconfig may be asked for fonts
def test_plot_of_a_counted_model_has_one_panel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = log.record(epoch=1, train_perplexity=9.0, valid_perplexity=None, characters=8, seconds=2.0)
    (tmp_path / "counted").mkdir()
    log.append(tmp_path / "counted" / "log.jsonl", line)
    monkeypatch.chdir(tmp_path)
    file = io.BytesIO()
    curves.draw([Path("counted")], file, "svg")
    texts = set(re.findall("<!-- (.*) -->", file.getvalue().decode()))
    assert {"perplexity", "epoch", "1", "counted: training"} <= texts
    assert not texts & {"gradient norm", "learning rate", "counted: validation"}


@pytest.mark.process
@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [(["nowhere"], 1, "nowhere"), (["-o", "a.txt"], 2, "-o"), (["-o", "taken.png"], 1, "--force")],
)
def test_plot_says_what_is_wrong(arguments: list[str], status: int, words: str, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "taken.png").touch()
    result = cli("plot", *arguments)
    assert (result.returncode, result.stdout) == (status, "")
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.process
def test_what_is_not_installed_is_named(cli: Cli, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "matplotlib.py").write_text("raise ImportError")
    result = cli("plot", str(trained / "checkpoints"), env={"PYTHONPATH": str(tmp_path)})
    assert (result.returncode, result.stdout) == (1, "")
    assert "is not installed: pip install" in result.stderr
    assert result.stderr.count("\n") == 1
