"""What the tests share: a tiny song, models trained on it, and the command line as a process."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable

import numpy as np
import numpy.testing  # starts a process when it is first imported
import pytest

from lyricgen.config import ModelConfig, PrepareConfig, TrainConfig
from lyricgen.model.checkpoint import Checkpoint, Progress
from lyricgen.model.parameters import initial_parameters
from lyricgen.text import dataset
from lyricgen.text.dataset import Dataset
from lyricgen.text.vocabulary import Vocabulary

SONG = "山上的雨\n雨落在山上 山上的雨\n我们不分开 我们不说再见\n雨停了以后 你看那座山\n分开以后 山还是山\n\n" * 8

Cli = Callable[..., "subprocess.CompletedProcess[str]"]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a job in the background, whose children would ignore it, too
    signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def running(command: list[str], **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """A process that does not outlive the block, so that a test that fails does not wait for it."""
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(scope="session")
def song_dataset() -> Dataset:
    return dataset.split([SONG], PrepareConfig(valid_fraction=0.2))


@pytest.fixture(scope="session")
def random_checkpoint() -> Callable[..., Checkpoint]:
    """Checkpoints with random parameters, for whatever needs no training."""

    def make(text: str = SONG, newlines: str = "keep", **model: Any) -> Checkpoint:
        config = ModelConfig(**{"hidden": 6, "embedding": 5, **model})
        vocabulary = Vocabulary("".join(sorted(set(text))))
        parameters = initial_parameters(config, len(vocabulary), np.random.default_rng(1))
        return Checkpoint(config, TrainConfig(), vocabulary, parameters, Progress(), newlines, "none")

    return make


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Run ``lyricgen`` in an empty folder, as a shell would."""

    def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **options.pop("env", {})}
        command = [sys.executable, "-m", "lyricgen", *arguments]
        options = {"cwd": tmp_path, "capture_output": True, "text": True, "encoding": "utf-8", **options}
        return subprocess.run(command, env=environment, timeout=100, **options)

    return run


_OVERRIDES = (1, 2, 3)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER
_DROP_FROM_BOUNDING_SET = 24  # PR_CAPBSET_DROP


@pytest.fixture(scope="session")
def unprivileged() -> Callable[[], None] | None:
    """What makes a process obey the permissions of files, for ``preexec_fn``; root would override them."""
    if sys.platform != "linux" or os.geteuid():
        return None
    library = ctypes.CDLL(None, use_errno=True)

    def drop() -> None:
        for capability in _OVERRIDES:
            if library.prctl(_DROP_FROM_BOUNDING_SET, capability, 0, 0, 0):
                raise OSError(ctypes.get_errno(), "this root may not give up its rights")

    try:
        subprocess.run([sys.executable, "-c", ""], preexec_fn=drop, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"root overrides permissions, and here it cannot give that up: {error}")
    return drop


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, song_dataset: Dataset) -> Path:
    """A folder with ``dataset.safetensors`` and a model in ``checkpoints``, trained for a few epochs."""
    folder = tmp_path_factory.mktemp("trained")
    song_dataset.save(folder / "dataset.safetensors")
    command = [sys.executable, "-m", "lyricgen", "train", "--cell", "gru", "--hidden", "16", "--batch-size", "4"]
    subprocess.run(
        [*command, "--steps", "12", "--epochs", "30", "--lr", "0.03"], cwd=folder, check=True, capture_output=True
    )
    return folder


PROCESSES, TRAININGS = {"cli", "train", "trained"}, {"trained"}  # fixtures


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests whose fixtures start processes or train; what a test does itself, it marks itself."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & PROCESSES:
            item.add_marker("process")
        if fixtures & TRAININGS or "engine" in item.path.parts:
            item.add_marker("train")


@pytest.fixture(autouse=True)
def no_process_without_marker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that starts a process fails unless it is marked."""

    def refuse(*_arguments: object, **_options: object) -> None:
        pytest.fail("mark this test: pytest.mark.process")

    if not request.node.get_closest_marker("process"):
        monkeypatch.setattr(subprocess, "Popen", refuse)
