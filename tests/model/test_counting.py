from __future__ import annotations

import math
import time
from pathlib import Path

import pytest

from lyricgen.config import ModelConfig, PrepareConfig, TrainConfig
from lyricgen.errors import FileError
from lyricgen.model import counting
from lyricgen.text import dataset


@pytest.mark.parametrize("valid_fraction", [0.2, 0.0])
def test_counting_gives_the_line_of_one_epoch(valid_fraction: float) -> None:
    data = dataset.split(["山上的雨\n雨落在山上\n" * 9], PrepareConfig(valid_fraction=valid_fraction))
    began = time.perf_counter()
    checkpoint, record = counting.count(data, ModelConfig(cell="ngram", order=2), TrainConfig(keep_text=False))
    assert 0 < record.seconds <= time.perf_counter() - began
    assert record.chars_per_second == pytest.approx(len(data.train) / record.seconds)
    assert record.epoch == 1
    assert record.learning_rate is record.gradient_norm is record.clipped is None
    ids = data.valid if valid_fraction else data.train
    p = checkpoint.decoder().probabilities(ids)
    perplexity = math.exp(-sum(map(math.log, p)) / len(p))
    assert (record.valid_perplexity if valid_fraction else record.train_perplexity) == pytest.approx(perplexity)
    assert checkpoint.progress.best_score == pytest.approx(perplexity)
    assert (record.valid_perplexity is None) == (valid_fraction == 0)
    assert checkpoint.text is None


def test_the_text_of_a_base_counts_too_and_less(tmp_path: Path) -> None:
    config = PrepareConfig(valid_fraction=0.2)
    large, small = (dataset.split([text], config) for text in ("山上的雨落在水里\n" * 40, "山上的雪落在水里\n" * 9))
    model = ModelConfig(cell="ngram", order=3)
    base, _ = counting.count(large, model, TrainConfig())
    both, record = counting.count(small, model, TrainConfig(), base)
    assert both.vocabulary == base.vocabulary.union(small.vocabulary)
    assert [each.characters for each in both.read] == [len(large.train), len(small.train)]
    writes = both.decoder()
    after = {}
    for character in "雨雪":
        ids = both.vocabulary.encode("山上的" + character)
        after[character] = writes.probabilities(ids)[-1]
    assert after["雪"] > after["雨"] > 0.1, "the base counts, the text itself counts several times"
    alone = counting.count(small, model, TrainConfig())[1].valid_perplexity
    assert record.valid_perplexity is not None
    assert alone is not None
    assert record.valid_perplexity < 2 * alone
    without = counting.count(large, model, TrainConfig(keep_text=False))[0]
    with pytest.raises(FileError, match="keeps no text"):
        counting.count(small, model, TrainConfig(), without)
