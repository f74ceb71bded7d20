"""What the tests share: a tiny song, models trained on it, and the command line as a process."""

from __future__ import annotations

import ctypes
import io
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Callable

import numpy as np
import numpy.testing  # starts a process when it is first imported
import pytest
from support.command import SONG, Cli, Launch, run_here, start
from threadpoolctl import threadpool_limits

from lyricgen.config import ModelConfig, PrepareConfig, TrainConfig
from lyricgen.model.checkpoint import Checkpoint, Progress
from lyricgen.model.parameters import initial_parameters
from lyricgen.text import dataset
from lyricgen.text.dataset import Dataset
from lyricgen.text.vocabulary import Vocabulary

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a job in the background, whose children would ignore it, too
    signal.signal(signal.SIGINT, signal.default_int_handler)

if "PYTEST_XDIST_WORKER" in os.environ:  # there are as many workers as processors: no threads beside them
    threadpool_limits(1, "blas")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # for their processes


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


@pytest.fixture(scope="session")
def launch() -> Launch:
    """Start ``lyricgen`` as a process in a folder."""
    return start


@pytest.fixture
def cli(tmp_path: Path, request: pytest.FixtureRequest) -> Cli:
    """Run ``lyricgen`` in an empty folder; what is given as bytes comes back as bytes.

    It runs within this process, unless variables beyond its own or options of ``Popen`` are for the start itself, or
    ``anew`` asks for a process; such a test is marked ``process``.
    """

    def run(
        *arguments: str,
        input: str | bytes = "",
        env: Mapping[str, str] | None = None,
        cwd: Path = tmp_path,
        anew: bool = False,
        **options: Any,
    ) -> subprocess.CompletedProcess[Any]:
        given = input.encode() if isinstance(input, str) else input
        if anew or options or any(not name.startswith("LYRICGEN_") for name in env or {}):
            process = start(*arguments, cwd=cwd, env=env, input=given, **options)
            said = process.communicate()
            status = process.wait()
        else:
            status, *said = run_here(arguments, cwd=cwd, env=env or {}, input=given)
        if isinstance(input, str):
            said = [io.TextIOWrapper(io.BytesIO(each or b""), "utf-8").read() for each in said]
        return subprocess.CompletedProcess(arguments, status, *said)

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
    options = "--cell gru --hidden 16 --batch-size 4 --steps 12 --epochs 30 --lr 0.03 --no-ngram"
    status, _, err = run_here(("train", *options.split()), cwd=folder, env={}, input=b"")
    assert status == 0, err.decode()
    return folder


PROCESSES, TRAININGS = {"launch"}, {"trained"}  # fixtures


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests whose fixtures start processes or train; what a test does itself, it marks itself.

    Those that may take longest come first, so that none is left for one worker at the end.
    """
    items.sort(key=lambda item: item.get_closest_marker("timeout") is None)
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
