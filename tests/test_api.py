"""The library, and the README's snippets of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import SONG, Cli

import lyricgen
from lyricgen.engine.run import Epoch
from lyricgen.errors import FileError, OptionError

pytestmark = [pytest.mark.process, pytest.mark.train]

README = Path(__file__).parents[1] / "README.md"
SMALL = {"hidden": 8, "batch_size": 4, "steps": 10, "epochs": 2}


@pytest.fixture
def song(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "song.txt").write_text(SONG, "utf-8")
    return tmp_path


def test_python_does_what_the_command_line_does(song: Path, cli: Cli) -> None:
    data = lyricgen.prepare("song.txt", output="dataset.safetensors", valid_fraction=0.1)
    assert lyricgen.prepare("song.txt", valid_fraction=0.1).fingerprint == data.fingerprint
    events = list(lyricgen.train(data, "a", **SMALL))
    assert [event.record["epoch"] for event in events if isinstance(event, Epoch)] == [1, 2]
    flags = [word for name, value in SMALL.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    assert cli("train", "-o", "b", *flags).returncode == 0
    (ours, theirs) = (lyricgen.load(folder).checkpoint.parameters for folder in ("a", "b"))
    for name, tensor in ours.items():
        np.testing.assert_array_equal(theirs[name], tensor)
    (text,) = lyricgen.load("a").generate("山", seed=1, lines=2, form="3,3")
    assert (
        cli("generate", "-c", "a", "--prefix", "山", "--seed", "1", "--lines", "2", "--form", "3,3").stdout
        == f"{text}\n"
    )
    assert "山" + "".join(lyricgen.load("a").stream("山", seed=1, lines=2, form="3,3")) == text
    found = lyricgen.evaluate("song.txt", checkpoint="a")
    figures = json.loads(cli("evaluate", "song.txt", "-c", "a", "--json").stdout)
    assert (found.perplexity, found.characters) == (figures["perplexity"], figures["characters"])
    filled = cli("fill", "山＿的雨", "-c", "a").stdout
    assert lyricgen.load("a").fill("山＿的雨")[0].text + "\n" == filled
    assert lyricgen.load("a").score("山上").characters == 2


def test_mixtures_and_resuming(song: Path) -> None:
    list(lyricgen.train("song.txt", "a", ngram=False, **SMALL))
    checkpoint, record = lyricgen.count("song.txt", "counted", order=3)
    assert checkpoint.model.order == 3
    assert record["epoch"] == 1
    model = lyricgen.load("a", "counted", weights=[1, 3], cache=True)
    assert model.weights is not None
    np.testing.assert_allclose(model.weights[0], [0.25, 0.75, 0])
    assert "山" in model.vocabulary
    more = [event for event in lyricgen.train("song.txt", "a", resume=True, epochs=3) if isinstance(event, Epoch)]
    assert [event.record["epoch"] for event in more] == [3]


def test_faults_are_lyricgen_s(song: Path) -> None:
    lyricgen.prepare("song.txt", output="a.safetensors")
    with pytest.raises(FileError, match="--force"):
        lyricgen.prepare("song.txt", output="a.safetensors")
    with pytest.raises(OptionError, match="--hiden: no such option"):
        list(lyricgen.train("song.txt", hiden=3))
    with pytest.raises(OptionError, match="--hidden"):
        list(lyricgen.train("song.txt", hidden=0))
    with pytest.raises(FileError, match="no checkpoint there"):
        lyricgen.load("nowhere")
    lyricgen.count("song.txt")
    for options in ({"temprature": 1}, {"length": -1}, {"lines": 0}):
        with pytest.raises(OptionError):
            lyricgen.load().generate(**options)
    with pytest.raises(AttributeError, match="wings"):
        lyricgen.wings  # noqa: B018


def test_the_readme_s_snippets_run(song: Path) -> None:
    (snippet,) = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    result = subprocess.run(
        [sys.executable, "-c", snippet], capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert result.returncode == 0, result.stderr
    assert "perplexity" in result.stdout


def run_pipeline() -> subprocess.CompletedProcess[str]:
    """The README's pipeline in the current folder, as a script runs it."""
    (pipeline,) = re.findall(r"<!-- pipeline -->\n```sh\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", pipeline],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "PATH": path, "LYRICGEN_TRAIN_HIDDEN": "8", "LYRICGEN_TRAIN_EPOCHS": "1"},
    )


@pytest.mark.skipif(sys.platform == "win32", reason="bash and jq are not there")
def test_the_readme_s_pipeline_runs(song: Path) -> None:
    """Five real commands, as they stand there; in a folder that has lyrics."""
    if not shutil.which("jq"):
        pytest.skip("jq is not installed here")
    (song / "lyrics").mkdir()
    for number in range(3):
        (song / "lyrics" / f"{number}.txt").write_text(SONG, "utf-8")
    result = run_pipeline()
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("分开")


@pytest.mark.skipif(sys.platform == "win32", reason="bash and jq are not there")
def test_the_readme_s_pipeline_ends_where_a_source_cannot_be_read(song: Path) -> None:
    """It must not go on to train on the embedded corpus."""
    if not shutil.which("jq"):
        pytest.skip("jq is not installed here")
    (song / "lyrics").mkdir()
    (song / "lyrics" / "a.txt").write_bytes("山上的雨".encode("gb18030"))
    result = run_pipeline()
    assert result.returncode != 0
    assert result.stdout == ""
    assert "--encoding gb18030" in result.stderr
    assert sorted(path.name for path in song.iterdir()) == ["lyrics", "song.txt"]


def test_the_library_is_listed_and_its_import_changes_nothing() -> None:
    code = """
import os, sys, warnings
before = dict(os.environ), sys.path[:], warnings.filters[:]
import lyricgen
assert before == (dict(os.environ), sys.path[:], warnings.filters[:])
assert not {"numpy", "click", "mxnet"} & set(sys.modules)
print(*dir(lyricgen))
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OPENBLAS", "OMP"))}
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True, encoding="utf-8"
    )
    assert set(lyricgen.__all__) <= set(result.stdout.split())
