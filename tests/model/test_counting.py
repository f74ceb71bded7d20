from __future__ import annotations

import math
import time

import pytest

from lyricgen.config import ModelConfig, PrepareConfig, TrainConfig
from lyricgen.model import counting
from lyricgen.text import dataset


@pytest.mark.parametrize("valid_fraction", [0.2, 0.0])
def test_counting_gives_the_line_of_one_epoch(valid_fraction: float) -> None:
    data = dataset.split(["山上的雨\n雨落在山上\n" * 9], PrepareConfig(valid_fraction=valid_fraction))
    began = time.perf_counter()
    checkpoint, record = counting.count(data, ModelConfig(cell="ngram", order=2), TrainConfig(keep_text=False))
    assert 0 < record["seconds"] <= time.perf_counter() - began
    assert record["chars_per_second"] == pytest.approx(len(data.train) / record["seconds"])
    assert (record["epoch"], record["learning_rate"], record["gradient_norm"]) == (1, None, None)
    ids = data.valid if valid_fraction else data.train
    p = checkpoint.decoder().probabilities(ids)
    perplexity = math.exp(-sum(map(math.log, p)) / len(p))
    assert record["valid_perplexity" if valid_fraction else "train_perplexity"] == pytest.approx(perplexity)
    assert checkpoint.progress.best_score == pytest.approx(perplexity)
    assert (record["valid_perplexity"] is None) == (valid_fraction == 0)
    assert checkpoint.text is None
