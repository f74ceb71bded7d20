"""Files that earlier versions wrote are still read, and mean the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.command import Cli

import lyricgen
from lyricgen import storage
from lyricgen.model import checkpoint as checkpoints
from lyricgen.text import dataset

STORED = Path(__file__).parent / "stored"
FORMATS = range(storage.OLDEST, storage.FORMAT)


@pytest.mark.parametrize("number", FORMATS)
def test_a_dataset_of_an_older_format(number: int) -> None:
    data = dataset.load(STORED / f"format{number}-dataset.safetensors")
    assert (len(data.train), len(data.valid), len(data.test), len(data.vocabulary)) == (504, 56, 0, 201 + 1)
    assert data.vocabulary.decode(data.train[:4]) == "末班公交"
    assert (data.config.split, len(data.parts.unseen)) == ("tail", 1)


@pytest.mark.parametrize("number", FORMATS)
@pytest.mark.parametrize("kind", ["network", "ngram"])
def test_a_model_of_an_older_format(number: int, kind: str) -> None:
    path = STORED / f"format{number}-{kind}.safetensors"
    model = lyricgen.load(path)
    assert model.checkpoint.train.keep_text
    assert [text.characters for text in model.checkpoint.read] == [504]
    # As the version that made it said.
    assert model.evaluate().perplexity == pytest.approx({"network": 217.95, "ngram": 11.29}[kind], abs=0.01)
    song = model.write("我", temperature=0.8, drafts=1, max_copy=0, seed=1, length=12)
    assert song == {"network": "我末雷分雾学想裙微样两自来", "ngram": "我把零大说人我离家的火噼啪"}[kind]


@pytest.mark.parametrize("number", FORMATS)
def test_a_training_of_an_older_format_goes_on(number: int, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    shutil.copy(STORED / f"format{number}-network.safetensors", tmp_path / "m" / "last.safetensors")
    source = str(STORED / f"format{number}-dataset.safetensors")
    result = cli("train", source, "-o", "m", "--resume", "--epochs", "2")
    assert result.returncode == 0, result.stderr
    assert checkpoints.load(tmp_path / "m" / "last.safetensors").progress.epoch == 2
