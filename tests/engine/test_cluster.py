"""Workers on MXNet's parameter server: the same training as one process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import SONG, Cli, running

from lyricgen.config import ModelConfig, PrepareConfig, TrainConfig
from lyricgen.engine import launch, run
from lyricgen.engine.cluster import ALONE, Cluster
from lyricgen.errors import OptionError
from lyricgen.model import checkpoint as checkpoints
from lyricgen.model.checkpoint import LAST
from lyricgen.text import dataset

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(sys.platform == "win32", reason="MXNet has no wheel there"),
]
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
    serve = [sys.executable, "-c", "import lyricgen.engine.runtime"]
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


def test_a_killed_worker_ends_them_all_and_resume_goes_on(tmp_path: Path, cli: Cli) -> None:
    (tmp_path / "song.txt").write_text(SONG, "utf-8")
    options = ("song.txt", "--hidden", "8", "--batch-size", "4", "--steps", "10")
    command = [sys.executable, "-m", "lyricgen", "train", *options, "--workers", "2", "--epochs", "100000"]
    with running(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as parent:
        wait_for(tmp_path / "checkpoints" / LAST)
        children = [int(child) for child in Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()]
        assert len(children) == 4
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


def test_under_any_launcher_a_lost_worker_ends_the_others(tmp_path: Path) -> None:
    """The same command in four processes, as a launcher on several hosts would start it."""
    (tmp_path / "song.txt").write_text(SONG, "utf-8")
    address = {"DMLC_PS_ROOT_URI": "127.0.0.1", "DMLC_PS_ROOT_PORT": str(launch._free_port())}
    base = {**os.environ, **address, "DMLC_NUM_SERVER": "1", "DMLC_NUM_WORKER": "2", "OMP_NUM_THREADS": "1"}
    options = ["song.txt", "--hidden", "8", "--batch-size", "4", "--steps", "10", "--epochs", "100000"]
    command = [sys.executable, "-m", "lyricgen", "train", *options, "--kvstore", "dist_sync"]
    processes = [
        subprocess.Popen(
            command, cwd=tmp_path, env={**base, "DMLC_ROLE": role}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        for role in ("scheduler", "server", "worker", "worker")
    ]
    try:
        wait_for(tmp_path / "checkpoints" / LAST)
        time.sleep(0.5)
        processes[2].kill()
        assert processes[3].wait(30) == 1
        assert [process.wait(30) for process in processes[:2]] == [1, 1]
        assert processes[3].stderr is not None
        assert b"another process of this training has ended" in processes[3].stderr.read()
    finally:
        for process in processes:
            process.kill()
            process.communicate()


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
    from lyricgen.engine import cluster

    for name in ("DMLC_ROLE", "DMLC_PS_ROOT_URI", "DMLC_PS_ROOT_PORT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(OptionError, match="--workers"):
        cluster.join()
    (tmp_path / "song.txt").write_text(SONG, "utf-8")
    for arguments, status, words in (
        (["--device", "gpu"], 1, "--device"), (["--device", "tpu"], 2, "--device"),
        (["--workers", "2", "--cell", "ngram"], 2, "has no effect"), (["-", "--workers", "2"], 2, "name a file"),
        (["--workers", "0"], 2, "--workers"),
    ):  # fmt: skip
        result = cli("train", "song.txt", *arguments, cwd=tmp_path)
        assert (result.returncode, result.stdout) == (status, "")
        assert words in result.stderr.splitlines()[-1]
