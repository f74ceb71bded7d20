from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command import SONG, Cli

from lyricgen.model import checkpoint as checkpoints
from lyricgen.model.scoring import score
from lyricgen.text.dataset import Dataset


def test_a_text_gets_its_figures(cli: Cli, trained: Path) -> None:
    result = cli("evaluate", "-", "--json", cwd=trained, input=SONG + "龙")
    figures = json.loads(result.stdout)
    assert result.returncode == 0, result.stderr
    assert figures["characters"] == len(SONG) + 1, "the line end, too"
    assert figures["unknown"] == 1
    assert 1 < figures["perplexity"] < 15
    assert 2 ** figures["bits_per_character"] == pytest.approx(figures["perplexity"])
    table = cli("evaluate", "-", cwd=trained, input=SONG + "龙").stdout
    assert f"perplexity          {figures['perplexity']:.2f}\n" in table


def test_without_a_source_the_held_out_part_counts(cli: Cli, trained: Path, song_dataset: Dataset) -> None:
    result = cli("evaluate", "--json", cwd=trained)
    assert "the valid part of checkpoints" in result.stderr
    best = checkpoints.load(trained / "checkpoints")
    expected = score(best.decoder().probabilities(song_dataset.valid), song_dataset.valid).perplexity
    assert json.loads(result.stdout)["perplexity"] == pytest.approx(expected)
    assert expected == pytest.approx(best.progress.valid_perplexity, rel=1e-4)
