from __future__ import annotations

import pytest

from lyricgen.config import ModelConfig, PrepareConfig, TrainConfig
from lyricgen.model import counting
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.text import dataset


@pytest.fixture(scope="session")
def counted() -> Checkpoint:
    """The n-grams of the first songs of the sample."""
    data = dataset.prepare([], PrepareConfig(max_chars=35_000))
    return counting.count(data, ModelConfig(cell="ngram", order=4), TrainConfig())[0]
