"""Trainings without the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lyricgen.config import EngineConfig, choose_engine
from lyricgen.engine.engines import has_mxnet
from lyricgen.engine.loop import Trainer
from lyricgen.engine.start import first_checkpoint as begin
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.text.dataset import Dataset

SMALL = {"batch_size": 3, "steps": 8}
__all__ = ["SMALL", "begin", "trainer"]


def trainer(start: Checkpoint, data: Dataset, folder: Path, engine: str | None = None, **options: Any) -> Trainer:
    """What trains from a checkpoint, with the engine that is usual for it."""
    usual = choose_engine(EngineConfig(), start.model, has_mxnet=has_mxnet()).engine
    return Trainer(start, data, folder, engine=engine or str(usual), **options)
