"""Files that earlier versions wrote are still read, and mean the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import Cli

import lyricgen
from lyricgen import storage
from lyricgen.model import checkpoint as checkpoints
from lyricgen.text import dataset

STORED = Path(__file__).parent / "stored"
FORMATS = range(storage.OLDEST, storage.FORMAT)


@pytest.mark.parametrize("number", FORMATS)
def test_a_dataset_of_an_older_format(number: int) -> None:
    data = dataset.load(STORED / f"format{number}-dataset.safetensors")
    assert (len(data.train), len(data.valid), len(data.test), len(data.vocabulary)) == (504, 56, 0, 202)
    assert data.vocabulary.decode(data.train[:4]) == "末班公交"
    assert (data.config.split, data.parts.unseen) == ("tail", "")


@pytest.mark.parametrize("number", FORMATS)
@pytest.mark.parametrize("kind", ["network", "ngram"])
def test_a_model_of_an_older_format(number: int, kind: str) -> None:
    path = STORED / f"format{number}-{kind}.safetensors"
    loaded = checkpoints.load(path)
    assert (loaded.text is not None) == (number >= 3)
    assert loaded.train.keep_text
    assert [each.characters for each in loaded.read] == ([504] if number >= 3 else [])
    # As the version that made it said, on the text that it was made from.
    text = dataset.load(STORED / f"format{number}-dataset.safetensors").parts
    perplexity = lyricgen.evaluate(checkpoint=path, dataset=STORED / f"format{number}-dataset.safetensors").perplexity
    assert perplexity == pytest.approx({"network": 199.42, "ngram": 15.76}[kind], abs=0.01)
    if loaded.text is not None:
        assert loaded.text.text("train") == text.text("train")
    (song,) = lyricgen.load(path).generate("我", temperature=0.8, seed=1, length=12)
    assert song == {"network": "我望雾别雷学想视微梦不窗样", "ngram": "我就走不风里望我学会\n灶微"}[kind]


@pytest.mark.parametrize("number", FORMATS)
def test_a_training_of_an_older_format_goes_on(number: int, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    shutil.copy(STORED / f"format{number}-network.safetensors", tmp_path / "m" / "last.safetensors")
    source = str(STORED / f"format{number}-dataset.safetensors")
    result = cli("train", source, "-o", "m", "--resume", "--epochs", "2")
    assert result.returncode == 0, result.stderr
    assert checkpoints.load(tmp_path / "m" / "last.safetensors").progress.epoch == 2
