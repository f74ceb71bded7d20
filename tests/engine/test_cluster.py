"""Workers on MXNet's parameter server: the same training as one process."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest
from support.command import SONG, Cli, running
from support.networks import needs_mxnet
from support.trainings import begin, trainer

from lyricgen.config import ModelConfig, PrepareConfig, TrainConfig
from lyricgen.engine.cluster import ALONE, Cluster, join
from lyricgen.errors import OptionError
from lyricgen.model import checkpoint as checkpoints
from lyricgen.model.checkpoint import LAST
from lyricgen.text import dataset

pytestmark = [pytest.mark.process, needs_mxnet]
RUNS: list[dict[str, Any]] = [
    {"cell": "rnn", "sampling": "random"},
    {"cell": "gru", "sampling": "consecutive"},
    {"cell": "gru", "sampling": "consecutive", "optimizer": "sgd", "lr": 1.0},
    {"cell": "lstm", "sampling": "consecutive", "bidirectional": True},
]


def train_all(folder: Path, cluster: Cluster) -> None:
    """One short training for each of RUNS; 5 rows, so that workers have different numbers of them."""
    data = dataset.split([SONG], PrepareConfig(valid_fraction=0.2))
    for number, options in enumerate(RUNS):
        names = ModelConfig.__dataclass_fields__
        model = ModelConfig(hidden=6, **{name: value for name, value in options.items() if name in names})
        more = {name: value for name, value in options.items() if name not in names}
        config = TrainConfig(batch_size=5, steps=8, epochs=2, dropout=0.2, **more)
        start = begin(data, model, config)
        list(trainer(start, data, folder / str(number), cluster=cluster).epochs())


def free_port() -> int:
    """A free port with a free one after it, below those that the system gives away."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with (
            suppress(OSError),
            socket.create_server(("127.0.0.1", port)),
            socket.create_server(("127.0.0.1", port + 1)),
        ):
            return port


def test_two_workers_train_what_one_process_trains(tmp_path: Path) -> None:
    environment = variables(free_port(), 2)
    code = "import sys; from pathlib import Path; sys.path[:0] = sys.argv[2:]; import test_cluster as tests; "
    code += "from lyricgen.engine.cluster import join; cluster = join(); "
    code += "tests.train_all(Path(sys.argv[1]), cluster); cluster.leave()"
    here = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
    command = [sys.executable, "-W", "ignore", "-c", code, str(tmp_path / "two"), *here]
    roles = ("scheduler", "server", "worker", "worker")
    processes = [subprocess.Popen(command, env={**environment, "DMLC_ROLE": role}) for role in roles]
    try:
        train_all(tmp_path / "one", ALONE)
        assert [process.wait(60) for process in processes[2:]] == [0, 0]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    for number in range(len(RUNS)):
        one, two = (checkpoints.load(tmp_path / name / str(number) / LAST) for name in ("one", "two"))
        assert two.progress.step == one.progress.step
        assert two.progress.train_perplexity == pytest.approx(one.progress.train_perplexity, rel=1e-4)
        for name, tensor in one.parameters.items():
            np.testing.assert_allclose(two.parameters[name], tensor, atol=2e-4, err_msg=f"{RUNS[number]} {name}")


def variables(port: int, workers: int = 1, **more: str) -> dict[str, str]:
    address = {"DMLC_PS_ROOT_URI": "127.0.0.1", "DMLC_PS_ROOT_PORT": str(port)}
    counts = {"DMLC_NUM_SERVER": "1", "DMLC_NUM_WORKER": str(workers), "OMP_NUM_THREADS": "1"}
    return {**os.environ, **address, **counts, **more}


@contextmanager
def cluster_of(port: int, *calls: str, folder: Path, **more: str) -> Iterator[list[subprocess.Popen[str]]]:
    """A scheduler, a server, and a worker for each call of ``lyricgen train``."""
    started = []
    try:
        for role, call in (("scheduler", calls[0]), ("server", calls[0]), *(("worker", call) for call in calls)):
            command = [sys.executable, "-m", "lyricgen", "train", *call.split(), "--kvstore", "dist_sync"]
            environment = variables(port, len(calls), DMLC_ROLE=role, **more)
            started.append(
                subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, encoding="utf-8")
            )
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("other", "named"),
    [("song.txt --seed 4", "--seed"), ("song.txt --hidden 9", "--hidden"), ("other.txt", "the dataset")],
)
def test_workers_that_were_started_otherwise_end_with_one_line(other: str, named: str, tmp_path: Path) -> None:
    (tmp_path / "song.txt").write_text(SONG, "utf-8")
    (tmp_path / "other.txt").write_text(SONG + "雪", "utf-8")
    with cluster_of(free_port(), "song.txt --hidden 8", f"--hidden 8 {other}", folder=tmp_path) as processes:
        assert [process.wait(60) for process in processes[2:]] == [2, 2]
        said = [process.stderr.read() for process in processes[2:] if process.stderr]
    (line,) = [line for words in said for line in words.splitlines() if line.startswith("Error")]
    assert named in line
    assert line.endswith("start all alike")
    assert not (tmp_path / "checkpoints").exists()


def test_under_any_launcher_strangers_at_the_port_end_nothing_and_a_lost_worker_ends_the_others(tmp_path: Path) -> None:
    """The same command in four processes, as a launcher on several hosts would start it."""
    (tmp_path / "song.txt").write_text(SONG, "utf-8")
    port = free_port()
    call = "song.txt --hidden 8 --batch-size 4 --steps 10 --epochs 100000"
    with cluster_of(port, call, call, folder=tmp_path, LYRICGEN_TOKEN="a secret") as processes:
        wait_for(tmp_path / "checkpoints" / LAST)
        for words in (b"", b".", b"x" * 99):
            with socket.create_connection(("127.0.0.1", port + 1)) as stranger:
                stranger.sendall(words)
        assert listening(processes[0].pid) == {("0100007F", port), ("0100007F", port + 1)}
        wrong = {**variables(port, 2, DMLC_ROLE="worker"), "LYRICGEN_TOKEN": "a guess"}
        command = [sys.executable, "-m", "lyricgen", "train", *call.split(), "--kvstore", "dist_sync"]
        result = subprocess.run(command, cwd=tmp_path, env=wrong, capture_output=True, text=True, timeout=60)
        assert (result.returncode, result.stderr.count("\n")) == (1, 1)
        assert "give all the same LYRICGEN_TOKEN" in result.stderr
        epoch = checkpoints.load(tmp_path / "checkpoints" / LAST).progress.epoch
        time.sleep(0.5)
        assert [process.poll() for process in processes] == [None] * 4
        assert checkpoints.load(tmp_path / "checkpoints" / LAST).progress.epoch > epoch
        processes[2].kill()
        assert [process.wait(30) for process in (processes[3], *processes[:2])] == [1, 1, 1]
        assert processes[3].stderr is not None
        assert "another process of this training has ended" in processes[3].stderr.read()


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_what_waits_for_its_partners_ends_at_the_first_signal(number: int, status: int, tmp_path: Path) -> None:
    (tmp_path / "song.txt").write_text(SONG, "utf-8")
    for role in ("scheduler", "server", "worker"):
        port = free_port()
        command = [sys.executable, "-m", "lyricgen", "train", "song.txt", "--kvstore", "dist_sync"]
        environment = variables(port, DMLC_ROLE=role)
        with ExitStack() as opened:
            if role != "scheduler":  # one that accepts and says nothing
                silent = opened.enter_context(socket.create_server(("127.0.0.1", port + 1)))
            process = opened.enter_context(running(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL))
            if role == "scheduler":
                wait_until(lambda: ("0100007F", port) in listening(process.pid))  # noqa: B023
            else:
                silent.settimeout(60)
                opened.enter_context(silent.accept()[0])
            process.send_signal(number)
            assert process.wait(5) in (status, -number), role


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"DMLC_PS_ROOT_PORT": "abc"}, 2, "from 1 to 65534"),
        ({"DMLC_PS_ROOT_PORT": "65535"}, 2, "from 1 to 65534"),
        ({"DMLC_ROLE": "chief"}, 2, "DMLC_ROLE"),
        ({"DMLC_NUM_WORKER": "many"}, 2, "DMLC_NUM_WORKER"),
        ({"DMLC_NUM_SERVER": ""}, 2, "DMLC_NUM_SERVER is not set"),
        ({}, 1, "Address already in use"),
        ({"taken": "the watch's"}, 1, "Address already in use"),
        ({"DMLC_PS_ROOT_URI": "192.0.2.1"}, 1, "Cannot assign requested address"),
    ],
    ids=str,
)
def test_variables_that_are_wrong(change: dict[str, str], status: int, words: str, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "song.txt").write_text(SONG, "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1] - ("taken" in change)
        environment = {**variables(port, DMLC_ROLE="scheduler"), **change}
        result = cli("train", "song.txt", "--kvstore", "dist_sync", env=environment)
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (status, "", 1)
    assert words in result.stderr


def listening(process: int) -> set[tuple[str, int]]:
    """The addresses and ports, as in /proc, that a process listens at."""
    links = [os.readlink(file) for file in Path(f"/proc/{process}/fd").iterdir() if file.is_symlink()]
    sockets = {link[8:-1] for link in links if link.startswith("socket:")}
    lines = [line.split() for line in Path(f"/proc/{process}/net/tcp").read_text().splitlines()[1:]]
    open_ones = [line[1].split(":") for line in lines if line[3] == "0A" and line[9] in sockets]
    return {(address, int(port, 16)) for address, port in open_ones}


def wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


def wait_for(path: Path) -> None:
    wait_until(path.exists)


def test_rows_are_dealt_out() -> None:
    cluster = Cluster()
    assert (cluster.rank, cluster.workers) == (0, 1)
    assert list(range(5)[cluster.rows]) == [0, 1, 2, 3, 4]
    assert cluster.total(None, 2.5) == 2.5


def test_without_variables(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DMLC_ROLE", "DMLC_PS_ROOT_URI", "DMLC_PS_ROOT_PORT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(OptionError, match="DMLC_ROLE is not set"):
        join()
    (tmp_path / "song.txt").write_text(SONG, "utf-8")
    result = cli("train", "song.txt", "--device", "gpu", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (1, "")
    assert "--device" in result.stderr.splitlines()[-1]
