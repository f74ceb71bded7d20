"""What the tests share: a tiny song, models trained on it, and the command line as a process."""

from __future__ import annotations

import ctypes
import functools
import io
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Callable

import numpy as np
import numpy.testing  # starts a process when it is first imported
import pytest
from forked import Fork, Forks
from threadpoolctl import threadpool_limits

from lyricgen.config import ModelConfig, PrepareConfig, TrainConfig
from lyricgen.engine.engines import has_mxnet
from lyricgen.model.checkpoint import Checkpoint, Progress
from lyricgen.model.parameters import initial_parameters
from lyricgen.text import dataset
from lyricgen.text.dataset import Dataset
from lyricgen.text.vocabulary import Vocabulary

SONG = "山上的雨\n雨落在山上 山上的雨\n我们不分开 我们不说再见\n雨停了以后 你看那座山\n分开以后 山还是山\n\n" * 8

Cli = Callable[..., "subprocess.CompletedProcess[str]"]
Launch = Callable[..., "Fork | subprocess.Popen[bytes]"]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a job in the background, whose children would ignore it, too
    signal.signal(signal.SIGINT, signal.default_int_handler)

if "PYTEST_XDIST_WORKER" in os.environ:  # there are as many workers as processors: no threads beside them
    threadpool_limits(1, "blas")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # for their processes


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


@pytest.fixture(scope="session")
def started() -> Iterator[Callable[[bool], Forks]]:
    """The processes from which commands are forked, with MXNet and without, each started when it is first needed."""
    with ExitStack() as opened:

        @functools.cache
        def start(mxnet: bool) -> Forks:
            return opened.enter_context(closing(Forks(mxnet=mxnet)))

        yield start


@pytest.fixture(scope="session")
def launch(started: Callable[[bool], Forks]) -> Launch:
    """Start ``lyricgen`` in a folder: as a fork, unless variables or options are for the start itself."""

    def start(
        *arguments: str,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        input: bytes = b"",
        anew: bool = False,
        **options: Any,
    ) -> Fork | subprocess.Popen[bytes]:
        environment = {**os.environ, **(env or {})}
        anew = anew or bool(options) or any(not name.startswith("LYRICGEN_") for name in env or {})
        if sys.platform == "linux" and not anew:
            trains = arguments[:1] == ("train",) and not {"ngram", "numpy"} & set(arguments)
            return started(trains and has_mxnet()).start(arguments, cwd=cwd, env=environment, input=input)
        with tempfile.TemporaryFile() as given:
            given.write(input)
            given.seek(0)
            command = [sys.executable, "-m", "lyricgen", *arguments]
            options = {"stdin": given, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
            return subprocess.Popen(command, cwd=cwd, env=environment, **options)

    return start


@pytest.fixture
def cli(tmp_path: Path, launch: Launch) -> Cli:
    """Run ``lyricgen`` in an empty folder, as a shell would; what is given as bytes comes back as bytes."""

    def run(*arguments: str, input: str | bytes = "", **options: Any) -> subprocess.CompletedProcess[Any]:
        given = input.encode() if isinstance(input, str) else input
        process = launch(*arguments, input=given, **{"cwd": tmp_path, **options})
        said = process.communicate()
        if isinstance(input, str):
            said = tuple(io.TextIOWrapper(io.BytesIO(each), "utf-8").read() for each in said)
        return subprocess.CompletedProcess(arguments, process.wait(), *said)

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
def trained(tmp_path_factory: pytest.TempPathFactory, song_dataset: Dataset, launch: Launch) -> Path:
    """A folder with ``dataset.safetensors`` and a model in ``checkpoints``, trained for a few epochs."""
    folder = tmp_path_factory.mktemp("trained")
    song_dataset.save(folder / "dataset.safetensors")
    options = (
        "--cell",
        "gru",
        "--hidden",
        "16",
        "--batch-size",
        "4",
        "--steps",
        "12",
        "--epochs",
        "30",
        "--lr",
        "0.03",
    )
    process = launch("train", *options, cwd=folder)
    process.communicate()
    assert process.wait() == 0
    return folder


PROCESSES, TRAININGS = {"cli", "launch", "train", "trained"}, {"trained"}  # fixtures


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
