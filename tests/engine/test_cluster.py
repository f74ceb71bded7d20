"""Workers on MXNet's parameter server: the same training as one process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import SONG, Cli, running
from engines import needs_mxnet

from lyricgen.config import ModelConfig, PrepareConfig, TrainConfig
from lyricgen.engine import launch, run
from lyricgen.engine.cluster import ALONE, Cluster
from lyricgen.errors import OptionError
from lyricgen.model import checkpoint as checkpoints
from lyricgen.model.checkpoint import LAST
from lyricgen.text import dataset

pytestmark = [pytest.mark.process, needs_mxnet]
RUNS: list[dict[str, Any]] = [
    {"cell": "rnn", "sampling": "random"},
    {"cell": "gru", "sampling": "consecutive"},
    {"cell": "gru", "gru_reset": "before", "sampling": "consecutive", "optimizer": "sgd", "lr": 1.0},
    {"cell": "lstm", "sampling": "consecutive", "bidirectional": True},
]


def train_all(folder: Path, cluster: Cluster) -> None:
    """One short training for each of RUNS; 5 rows, so that workers have different numbers of them."""
    data = dataset.split([SONG], PrepareConfig(valid_fraction=0.2))
    for number, options in enumerate(RUNS):
        names = ModelConfig.__dataclass_fields__
        model = ModelConfig(hidden=6, **{name: value for name, value in options.items() if name in names})
        more = {name: value for name, value in options.items() if name not in names}
        config = TrainConfig(batch_size=5, steps=8, epochs=2, dropout=0.2, reset_rate=0.2, **more)
        start = run.begin(data, model, config)
        for _ in run.run(start, data, folder / str(number), cluster=cluster):
            pass


def test_two_workers_train_what_one_process_trains(tmp_path: Path) -> None:
    address = {"DMLC_PS_ROOT_URI": "127.0.0.1", "DMLC_PS_ROOT_PORT": str(launch._free_port())}
    base = {**os.environ, **address, "DMLC_NUM_SERVER": "1", "DMLC_NUM_WORKER": "2", "OMP_NUM_THREADS": "1"}
    base["LYRICGEN_WATCHED"] = "1"
    serving = {**base, "MXNET_ENGINE_TYPE": "ThreadedEnginePerDevice"}
    code = "import sys; from pathlib import Path; sys.path[:0] = sys.argv[2:]; import test_cluster as tests; "
    code += "from lyricgen.engine.cluster import join; tests.train_all(Path(sys.argv[1]), join())"
    here = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
    command = [sys.executable, "-W", "ignore", "-c", code, str(tmp_path / "two"), *here]
    serve = [sys.executable, "-c", "import lyricgen.engine.mxnet.runtime"]
    processes = [launch._start(serve, {**serving, "DMLC_ROLE": role}) for role in ("scheduler", "server")]
    processes += [launch._start(command, {**base, "DMLC_ROLE": "worker"}) for _ in range(2)]
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


def test_workers_hear_this_machine_alone_and_a_killed_one_ends_them_all_and_resume_goes_on(
    tmp_path: Path, cli: Cli
) -> None:
    (tmp_path / "song.txt").write_text(SONG, "utf-8")
    options = ("song.txt", "--hidden", "8", "--batch-size", "4", "--steps", "10")
    command = [sys.executable, "-m", "lyricgen", "train", *options, "--workers", "2", "--epochs", "100000"]
    with running(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as parent:
        wait_for(tmp_path / "checkpoints" / LAST)
        children = [int(child) for child in Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()]
        assert len(children) == 4
        for child in children:
            assert {address for address, _ in listening(child)} == {"0100007F"}
        assert_nobody_listens_to_the_watch(children[0])
        os.kill(children[-1], signal.SIGKILL)
        _, errors = parent.communicate(timeout=30)
    assert parent.returncode == 1
    assert errors.splitlines()[-1].startswith("Error: worker 2 was killed by signal 9")
    assert not any(Path(f"/proc/{child}").exists() for child in children)
    epoch = checkpoints.load(tmp_path / "checkpoints" / LAST).progress.epoch
    result = cli("train", *options, "--workers", "2", "--epochs", str(epoch + 1), "--resume", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"{Path('checkpoints', 'best.safetensors')}\n"
    assert checkpoints.load(tmp_path / "checkpoints" / LAST).progress.epoch == epoch + 1


def assert_nobody_listens_to_the_watch(process: int) -> None:
    """Where a launcher of several hosts would need it: at the port after that of the scheduler."""
    environment = Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
    (port,) = [int(value.partition(b"=")[2]) for value in environment if value.startswith(b"DMLC_PS_ROOT_PORT=")]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port + 1))


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
    with cluster_of(launch._free_port(), "song.txt --hidden 8", f"--hidden 8 {other}", folder=tmp_path) as processes:
        assert [process.wait(60) for process in processes[2:]] == [2, 2]
        said = [process.stderr.read() for process in processes[2:] if process.stderr]
    (line,) = [line for words in said for line in words.splitlines() if line.startswith("Error")]
    assert named in line
    assert line.endswith("start all alike")
    assert not (tmp_path / "checkpoints").exists()


def test_under_any_launcher_strangers_at_the_port_end_nothing_and_a_lost_worker_ends_the_others(tmp_path: Path) -> None:
    """The same command in four processes, as a launcher on several hosts would start it."""
    (tmp_path / "song.txt").write_text(SONG, "utf-8")
    port = launch._free_port()
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
        port = launch._free_port()
        command = [sys.executable, "-m", "lyricgen", "train", "song.txt", "--kvstore", "dist_sync"]
        more = {} if role == "scheduler" else {"LYRICGEN_WATCHED": "1"}  # so that it waits in the library
        environment = variables(port, DMLC_ROLE=role, **more)
        with running(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL) as process:
            deadline = time.monotonic() + 60
            while "libmxnet" not in Path(f"/proc/{process.pid}/maps").read_text() and time.monotonic() < deadline:
                time.sleep(0.05)
            time.sleep(1.0)
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


def test_nothing_of_the_current_folder_is_run(tmp_path: Path, cli: Cli) -> None:
    (tmp_path / "song.txt").write_text(SONG, "utf-8")
    for name in ("tqdm.py", "mxnet.py", "lyricgen/__init__.py", "sitecustomize.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"open({str(tmp_path / 'run')!r}, 'w')\nraise SystemExit(9)\n")
    # As the installed command starts, without the current folder on its path.
    start = [sys.executable, "-c", "import sys; sys.path.pop(0); from lyricgen.cli import main; main()"]
    options = ["train", "--hidden", "8", "--epochs", "1", "--workers", "2", "--", "song.txt"]
    result = subprocess.run([*start, *options], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert not (tmp_path / "run").exists()


def listening(process: int) -> set[tuple[str, int]]:
    """The addresses and ports, as in /proc, that a process listens at."""
    links = [os.readlink(file) for file in Path(f"/proc/{process}/fd").iterdir() if file.is_symlink()]
    sockets = {link[8:-1] for link in links if link.startswith("socket:")}
    lines = [line.split() for line in Path(f"/proc/{process}/net/tcp").read_text().splitlines()[1:]]
    open_ones = [line[1].split(":") for line in lines if line[3] == "0A" and line[9] in sockets]
    return {(address, int(port, 16)) for address, port in open_ones}


def wait_for(path: Path) -> None:
    end = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_rows_are_dealt_out() -> None:
    cluster = Cluster()
    assert (cluster.rank, cluster.workers) == (0, 1)
    assert list(range(5)[cluster.rows]) == [0, 1, 2, 3, 4]
    assert cluster.total(None, 2.5) == 2.5


def test_without_a_launcher(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DMLC_ROLE", "DMLC_PS_ROOT_URI", "DMLC_PS_ROOT_PORT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(OptionError, match="--workers"):
        launch.join()
    (tmp_path / "song.txt").write_text(SONG, "utf-8")
    for arguments, status, words in (
        (["--device", "gpu"], 1, "--device"),
        (["--device", "tpu"], 2, "--device"),
        (["--workers", "2", "--cell", "ngram"], 2, "has no effect"),
        (["-", "--workers", "2"], 2, "name a file"),
        (["--workers", "0"], 2, "--workers"),
    ):
        result = cli("train", "song.txt", *arguments, cwd=tmp_path)
        assert (result.returncode, result.stdout) == (status, "")
        assert words in result.stderr.splitlines()[-1]
