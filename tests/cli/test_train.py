from __future__ import annotations

import dataclasses
import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest
from support.command import SONG, Cli, Launch, running

from lyricgen.cli import progress
from lyricgen.config import Base, Size, TrainConfig, flag, resolve
from lyricgen.engine.engines import has_mxnet
from lyricgen.engine.training import Step
from lyricgen.model import checkpoint as checkpoints
from lyricgen.model.checkpoint import Checkpoint, Progress, Subtotal
from lyricgen.model.log import Record
from lyricgen.text.dataset import Dataset

pytestmark = [pytest.mark.process, pytest.mark.train]

SMALL = ("--hidden", "8", "--batch-size", "4", "--steps", "12")


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "song.txt"
    path.write_text(SONG, "utf-8")
    return path


def test_training_speaks_on_stderr_and_prints_the_best_checkpoint(cli: Cli, song: Path, tmp_path: Path) -> None:
    options = ("--preview", "分开", "--preview", "不分开", "--preview-every", "2", "--epochs", "5")
    result = cli("train", "song.txt", *SMALL, *options)
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"{Path('checkpoints', 'best.safetensors')}\n"
    for words in (
        "dataset     song.txt",
        "gru (reset after), 1 × 8",
        "threads",
        "epoch 5: perplexity",
        "best        epoch",
    ):
        assert words in result.stderr
    previews = [line for line in result.stderr.splitlines() if line.startswith(" - ")]
    assert len(previews) == 6, "after epochs 2, 4 and the last"
    assert previews[0].startswith(" - 分开")
    assert previews[1].startswith(" - 不分开")
    lines = [json.loads(line) for line in (tmp_path / "checkpoints" / "log.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 3, 4, 5]


def test_the_dataset_of_this_folder_comes_before_the_sample(cli: Cli, song_dataset: Dataset, tmp_path: Path) -> None:
    options = ("--hidden", "4", "--epochs", "1")
    assert "the sample" in cli("train", "--cell", "ngram", "-o", "a").stderr
    song_dataset.save(tmp_path / "dataset.safetensors")
    result = cli("train", *options, "-o", "b")
    assert "dataset     dataset.safetensors" in result.stderr
    assert checkpoints.load(tmp_path / "b").vocabulary == song_dataset.vocabulary


def flags_of(options: dict[str, Any]) -> Iterator[str]:
    """Options as the command line spells them."""
    for name, value in options.items():
        yield from [f"--no{flag(name)[1:]}"] if value is False else [flag(name), str(value)]


@pytest.mark.parametrize(
    "options",
    [
        {
            "cell": "rnn",
            "sampling": "random",
            "optimizer": "sgd",
            "lr": 1.0,
            "schedule": "constant",
            "keep_text": False,
        },
        {"cell": "gru", "gru_reset": "before", "layers": 2, "tie": False, "dropout": 0.2, "clip": 0.0},
        {"cell": "lstm", "layers": 3, "embedding": 5, "patience": 1, "seed": 9, "keep_text": False},
    ],
    ids=str,
)
def test_every_option_reaches_the_checkpoint(options: dict[str, Any], cli: Cli, song: Path, tmp_path: Path) -> None:
    result = cli("train", "song.txt", *SMALL, "--epochs", "2", "--threads", "1", *flags_of(options))
    assert result.returncode == 0, result.stderr
    assert "threads     1" in result.stderr
    saved = checkpoints.load(tmp_path / "checkpoints")
    values = {**vars(saved.model), **vars(saved.train)}
    assert {name: values[name] for name in options} == options


def test_resume_goes_on_and_refuses_another_model_or_dataset(cli: Cli, song: Path, tmp_path: Path) -> None:
    assert "no checkpoint to resume" in cli("train", "song.txt", "--resume").stderr
    cli("train", "song.txt", *SMALL, "--epochs", "2")
    again = cli("train", "song.txt", *SMALL)
    assert again.returncode == 1
    assert "--resume" in again.stderr
    assert "--force" in again.stderr
    other = cli("train", "song.txt", "--resume", "--hidden", "9")
    assert (other.returncode, other.stderr.count("Error")) == (2, 1)
    assert "--hidden: 9 given, but this training began with 8" in other.stderr
    assert "another dataset" in cli("train", "--resume").stderr
    result = cli("train", "song.txt", "--resume", "--epochs", "4", "--hidden", "8")
    assert result.returncode == 0, result.stderr
    assert "after epoch 2 of 4" in result.stderr
    assert checkpoints.load(tmp_path / "checkpoints" / "last.safetensors").progress.epoch == 4
    again = cli("train", "song.txt", "--resume")
    assert (again.returncode, again.stdout) == (0, result.stdout)
    assert "finished    already, after epoch 4" in again.stderr
    forced = cli("train", "song.txt", *SMALL, "--epochs", "1", "--force")
    assert forced.returncode == 0
    assert len((tmp_path / "checkpoints" / "log.jsonl").read_text().splitlines()) == 1
    assert cli("train", "song.txt", "--force", "--resume").returncode == 2


def test_the_engine_is_mxnet_where_it_is_installed_and_numpy_goes_on_for_it(
    cli: Cli, song: Path, tmp_path: Path
) -> None:
    hidden = tmp_path / "hidden"  # a folder without MXNet's metadata and code, before all others
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys\nsys.modules['mxnet'] = None\n", "utf-8")
    without = {"PYTHONPATH": str(hidden)}
    result = cli("train", "song.txt", *SMALL, "--epochs", "2")
    assert f"engine      {'mxnet' if has_mxnet() else 'numpy'}\n" in result.stderr
    result = cli("train", "song.txt", "--epochs", "3", "--resume", env=without)
    assert (result.returncode, result.stdout) == (0, f"{Path('checkpoints', 'best.safetensors')}\n"), result.stderr
    assert "engine      numpy\n" in result.stderr
    before = cli("train", "song.txt", *SMALL, "--cell", "gru", "--gru-reset", "before", "--epochs", "1", "-o", "b")
    assert "engine      numpy\n" in before.stderr
    for options, status, words in (
        (["--engine", "mxnet"], 1, "MXNet is not installed"),
        (["--device", "gpu"], 2, "needs MXNet"),
        (["--kvstore", "dist_sync"], 2, "is MXNet's, which is not installed"),
    ):
        refused = cli("train", "song.txt", *SMALL, "-f", *options, env=without)
        assert (refused.returncode, refused.stderr.count("Error")) == (status, 1), refused.stderr
        assert words in refused.stderr
    assert checkpoints.load(tmp_path / "checkpoints" / "last.safetensors").progress.epoch == 3


class Training:
    """``lyricgen train`` as a process of its own, on a text that takes it long."""

    def __init__(self, folder: Path, process: Any) -> None:
        self.last, self.process = folder / "checkpoints" / "last.safetensors", process

    def wait_for(self, path: Path) -> None:
        deadline = time.monotonic() + 60
        while not path.exists() and self.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        assert path.exists(), self.process.communicate()[1]

    def wait_for_imports(self) -> None:
        """Until it is somewhere in the imports of its engine, before its first step."""
        if not has_mxnet():  # NumPy loads nothing that tells
            time.sleep(0.2)
            return
        deadline = time.monotonic() + 60
        while "libmxnet" not in Path(f"/proc/{self.process.pid}/maps").read_text() and time.monotonic() < deadline:
            time.sleep(0.01)

    def end(self, number: int) -> tuple[int, str, str]:
        self.process.send_signal(number)
        out, err = (words.decode() for words in self.process.communicate())
        assert "Traceback" not in err
        return self.process.wait(), out, err


Start = Callable[..., Training]


def saving_every(seconds: float) -> str:
    """The program, writing within an epoch as often as that."""
    change = f"import lyricgen.engine.loop; lyricgen.engine.loop.SAVE_EVERY = {seconds}"
    return f"{change}; from lyricgen.cli import main; main()"


@pytest.fixture
def train(tmp_path: Path, launch: Launch) -> Iterator[Start]:
    started: list[Training] = []

    def start(*options: str, save_every: float = 60.0) -> Training:
        command = ("train", "song.txt", *SMALL, "--epochs", "100000", *options)
        started.append(Training(tmp_path, launch(*command, cwd=tmp_path, code=saving_every(save_every))))
        return started[-1]

    yield start
    for training in started:
        training.process.kill()
        training.process.communicate()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_step_and_says_how_to_go_on(number: int, status: int, song: Path, train: Start) -> None:
    song.write_text(SONG * 500, "utf-8")  # the first epoch is still under way
    training = train(save_every=0.2)
    training.wait_for(training.last)
    code, out, err = training.end(number)
    assert (code, out) == (status, "")
    assert "`lyricgen train --resume song.txt` continues" in err.splitlines()[-1]
    progress = checkpoints.load(training.last).progress
    assert progress.epoch == 0
    assert progress.part is not None
    resumed = train("--resume", save_every=0.1)
    deadline = time.monotonic() + 60
    while checkpoints.load(training.last).progress == progress and time.monotonic() < deadline:
        time.sleep(0.05)
    assert checkpoints.load(training.last).progress != progress
    assert f"after epoch {progress.epoch} of 100000" in resumed.end(number)[2]


def test_ctrl_c_before_the_first_step_changes_nothing(song: Path, train: Start) -> None:
    training = train()
    training.wait_for_imports()
    code, out, err = training.end(signal.SIGINT)
    assert (code, out) == (130, "")
    known = (
        "dataset",
        "text",
        "model",
        "engine",
        "threads",
        "Interrupted before the first checkpoint: nothing to resume",
    )
    assert [line for line in err.splitlines() if not line.startswith(known)] == []
    assert not training.last.parent.exists()


def read_all(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_older_model_stays_whole_until_the_new_one_has_something_to_show(
    song: Path, train: Start, cli: Cli, tmp_path: Path
) -> None:
    assert cli("train", "song.txt", *SMALL, "--epochs", "3").returncode == 0
    folder = tmp_path / "checkpoints"
    before = read_all(folder)
    diverging = cli("train", "song.txt", *SMALL, "--force", "--lr", "1e30", "--optimizer", "sgd", "--clip", "0")
    assert diverging.returncode == 1
    assert diverging.stderr.splitlines()[-1].endswith("nothing was written")
    training = train("--force")
    training.wait_for_imports()
    _, _, err = training.end(signal.SIGINT)
    assert err.splitlines()[-1].endswith("nothing to resume; the model that was there is unchanged")
    assert read_all(folder) == before
    song.write_text(SONG * 500, "utf-8")  # the first epoch is still under way when it is first written
    training = train("--force", save_every=0.1)
    deadline = time.monotonic() + 60
    while training.last.read_bytes() == before[training.last.name] and time.monotonic() < deadline:
        time.sleep(0.02)
    _, _, err = training.end(signal.SIGINT)
    assert "continues it" in err.splitlines()[-1]
    assert [path.name for path in folder.iterdir()] == [training.last.name], "nothing of the older model is left"


def wait_until_it_reads(pid: int) -> None:
    """Until a process sleeps in a read of its standard input, where the system tells (Linux)."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        waits = Path(f"/proc/{pid}/wchan").read_text() if Path(f"/proc/{pid}/wchan").exists() else ""
        if "pipe" in waits:
            return
        time.sleep(0.05)


def test_ctrl_c_ends_a_training_that_waits_for_its_text(tmp_path: Path) -> None:
    for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        command = [sys.executable, "-m", "lyricgen", "train", "-", *SMALL]
        with running(command, cwd=tmp_path, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            wait_until_it_reads(process.pid)
            process.send_signal(number)
            assert process.wait(5) == status
            assert process.stderr.read() == "Interrupted before the first checkpoint: nothing to resume\n"
        assert list(tmp_path.iterdir()) == []


def test_a_signal_that_the_caller_ignores_stays_ignored(song: Path, tmp_path: Path) -> None:
    """As for a job in the background, which Ctrl-C is not meant for."""
    ignoring = "import signal, sys, os; signal.signal(signal.SIGINT, signal.SIG_IGN); "
    ignoring += "os.execv(sys.executable, sys.argv[1:])"
    command = [sys.executable, "-c", ignoring, sys.executable, "-m", "lyricgen", "train", "song.txt", *SMALL]
    last = tmp_path / "checkpoints" / "last.safetensors"
    with running([*command, "--epochs", "100000"], cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
        while not last.exists():
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        epoch = checkpoints.load(last).progress.epoch
        while checkpoints.load(last).progress.epoch < epoch + 2:
            assert process.poll() is None
            time.sleep(0.02)


def test_a_second_ctrl_c_leaves_at_once_and_the_files_whole(song: Path, train: Start) -> None:
    training = train()
    training.wait_for(training.last)
    training.process.send_signal(signal.SIGINT)
    code, _, _ = training.end(signal.SIGINT)
    assert code == 130
    assert checkpoints.load(training.last).progress.epoch > 0


def test_two_trainings_do_not_share_a_folder(song: Path, train: Start, cli: Cli) -> None:
    training = train()
    training.wait_for(training.last)
    for options in (["--resume"], ["--force"], ["--cell", "ngram", "--force"]):
        second = cli("train", "song.txt", *options)
        assert second.returncode == 1
        assert "another training writes here" in second.stderr.splitlines()[-1]
    training.end(signal.SIGKILL)
    assert cli("train", "song.txt", "--cell", "ngram", "--force").returncode == 0, "a crash leaves no lock behind"


OFTEN = ["--threads", "1"]
KILLED = ["--cell", "lstm", *SMALL, "--epochs", "60", "--dropout", "0.3", *OFTEN]


def kill_and_resume(folder: Path, times: int, seed: int, *, launch: Launch) -> int:
    """Train into a folder, killed so many times while it trains or writes; returns how often that came in time."""
    rng, last, kills = random.Random(seed), folder / "last.safetensors", 0
    for _ in range(times):
        go_on = ["--resume", *OFTEN] if last.exists() else KILLED
        before = last.read_bytes() if last.exists() else b""
        process = launch("train", "-o", folder.name, *go_on, cwd=folder.parent, code=saving_every(0.005))
        deadline = time.monotonic() + 60
        while (not last.exists() or last.read_bytes() == before) and time.monotonic() < deadline:
            if process.poll() is not None:
                break
            time.sleep(0.005)
        time.sleep(rng.random() * 0.1)
        process.kill()
        process.communicate()
        kills += process.wait() == -signal.SIGKILL
        checkpoints.load(last)
        best = folder / "best.safetensors"
        assert not best.exists() or checkpoints.load(best)
    return kills


@pytest.mark.slow
def test_kill_at_twenty_moments(song_dataset: Dataset, tmp_path: Path, cli: Cli, launch: Launch) -> None:
    """Killed while they train and while they write, and resumed each time, two trainings end as if nothing had been."""
    song_dataset.save(tmp_path / "dataset.safetensors")
    assert cli("train", "-o", "whole", *KILLED).returncode == 0
    folders = [tmp_path / "cut", tmp_path / "cut too"]
    with ThreadPoolExecutor() as pool:
        kills = list(pool.map(partial(kill_and_resume, launch=launch), folders, [10, 10], [1, 2]))
    assert sum(kills) >= 10
    for folder in folders:
        result = cli("train", "-o", folder.name, "--resume", *OFTEN)
        assert result.returncode == 0, result.stderr
        assert_same_training(tmp_path / "whole", folder)


def assert_same_training(whole: Path, cut: Path) -> None:
    for name in ("best.safetensors", "last.safetensors"):
        ours, theirs = checkpoints.load(whole / name), checkpoints.load(cut / name)
        assert ours.progress == theirs.progress
        for tensor, value in {**ours.parameters, **ours.optimizer}.items():
            np.testing.assert_array_equal({**theirs.parameters, **theirs.optimizer}[tensor], value)
    lines = [(folder / "log.jsonl").read_text().splitlines() for folder in (whole, cut)]
    assert len(lines[0]) == len(lines[1]) == 60
    for first, second in zip(*lines):
        ignored = {"seconds": 0, "chars_per_second": 0}
        assert {**json.loads(first), **ignored} == {**json.loads(second), **ignored}


def test_a_small_text_trains_all_the_same(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "two.txt").write_text("山水", "utf-8")
    result = cli("train", "two.txt", "--hidden", "4", "--epochs", "2")
    assert result.returncode == 0, result.stderr
    assert cli("generate", "--prefix", "山", "--length", "3").returncode == 0


def test_a_base_has_read_before(song: Path, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "new.txt").write_text("龙飞在山上\n\n我们的云\n\n" * 30, "utf-8")
    assert cli("train", "song.txt", *SMALL, "--epochs", "3", "-o", "base").returncode == 0
    result = cli("train", "new.txt", "--base", "base", "-o", "tuned", "--seed", "2")
    assert result.returncode == 0, result.stderr
    assert "base        has read 395 characters of song.txt; 3 characters are new to it" in result.stderr
    tuned = checkpoints.load(tmp_path / "tuned")
    before, own = (text.characters for text in tuned.read)
    old = checkpoints.load(tmp_path / "base")
    usual = resolve({}, Size(own, held_out=True), Base("base", old.model, old.train, before)).train
    for name in ("lr", "epochs", "batch_size", "dropout"):
        assert getattr(usual, name) == getattr(tuned.train, name)
    assert (tuned.model.hidden, tuned.train.seed) == (8, 2)
    assert set(SONG) | set("龙飞云") == set(tuned.vocabulary.characters)
    assert cli("generate", "-c", "tuned", "--prefix", "雨龙", "--length", "3").stderr.startswith("seed")
    assert "song.txt" in cli("info", "tuned").stdout
    assert cli("info", "tuned", "--toml").stdout.startswith("# begun with a base that had read song.txt\n")
    assert cli("prepare", "new.txt", "-o", "new.safetensors").returncode == 0
    assert "Warning" not in cli("evaluate", "-c", "tuned", "--dataset", "new.safetensors").stderr
    for named in ([], ["--base", "base"]):
        resumed = cli("train", "new.txt", *named, "-o", "tuned", "--resume", "--epochs", "7")
        assert resumed.returncode == 0, resumed.stderr
        assert "base        has read 395 characters of song.txt\n" in resumed.stderr
    assert cli("train", "new.txt", "--cell", "ngram", "--base", "base", "-o", "counted").returncode == 0
    for options, status, words in (
        (["--hidden", "9"], 2, "--hidden: 9 given, but the base has 8"),
        (["--resume", "--base", "tuned"], 2, "--base: tuned given, but this training began with another base"),
    ):
        result = cli("train", "new.txt", "--base", "base", "-o", "x" if "--hidden" in options else "tuned", *options)
        assert (result.returncode, result.stdout) == (status, "")
        assert words in result.stderr
    for base, words in (("counted", "is an n-gram model"), ("nowhere", "no checkpoint there")):
        result = cli("train", "new.txt", "--base", base, "-o", "x")
        assert (result.returncode, result.stdout) == (2 if base == "counted" else 1, "")
        assert words in result.stderr
    assert not (tmp_path / "x").exists()


def test_n_grams_are_counted_beside_a_network_whether_its_cell_is_named_or_not(
    song: Path, cli: Cli, tmp_path: Path
) -> None:
    for folder, options, counts in (
        ("both", [], True),
        ("cell", ["--cell", "gru"], True),
        ("none", ["--no-ngram"], False),
        ("order", ["--order", "2"], True),
        ("all", ["--valid-fraction", "0"], False),
    ):
        source = "song.txt"
        if folder == "all":
            assert cli("prepare", source, *options, "-o", "all.safetensors").returncode == 0
            source, options = "all.safetensors", []
        result = cli("train", source, *SMALL, "--epochs", "1", "-o", folder, *options)
        assert result.returncode == 0, result.stderr
        assert ("-grams" in result.stderr) == counts, folder
        assert (checkpoints.load(tmp_path / folder).counted is not None) == counts
    both, cell = (checkpoints.load(tmp_path / folder) for folder in ("both", "cell"))
    assert (both.model, both.train) == (cell.model, cell.train), "naming a default changes nothing"
    for name, tensor in both.parameters.items():
        np.testing.assert_array_equal(cell.parameters[name], tensor)
    figures = [json.loads(cli("evaluate", "-c", "both", "--json", *options).stdout) for options in ([], ["--no-ngram"])]
    alone = json.loads(cli("evaluate", "-c", "none", "--json").stdout)
    assert figures[1]["perplexity"] == alone["perplexity"]
    assert figures[0]["perplexity"] <= min(alone["perplexity"], alone["baselines"]["6-gram"]["perplexity"]) * 1.01
    assert len(figures[0]["weights"][0]) == 2
    assert "gru + 6-gram" in cli("evaluate", "-c", "both").stdout


def test_a_text_is_read_in_the_script_of_its_base(cli: Cli, tmp_path: Path) -> None:
    simplified = "爱这时间说给谁听见过龙飞东西边长远门开车马鸟鱼"
    (tmp_path / "base.txt").write_text(f"{simplified}\n" * 20, "utf-8")
    (tmp_path / "new.txt").write_text("愛過這時間\n龍飛來東邊\n" * 30 + "爱过这时间\n" * 30, "utf-8")
    assert cli("train", "base.txt", *SMALL, "--epochs", "1", "-o", "base").returncode == 0
    result = cli("train", "new.txt", "--base", "base", "-o", "tuned", "--epochs", "1")
    assert "script      simplified now" in result.stderr
    assert "the text mixes" not in result.stderr, "it does no longer"
    assert set(checkpoints.load(tmp_path / "tuned").vocabulary.characters) == {*simplified, *"来\n"}
    resumed = cli("train", "new.txt", "-o", "tuned", "--resume", "--epochs", "2")
    assert resumed.returncode == 0, resumed.stderr
    assert cli("prepare", "new.txt", "--script", "traditional").returncode == 0
    kept = cli("train", "--base", "base", "-o", "kept", "--epochs", "1")
    assert "script" not in kept.stderr
    assert "龍" in checkpoints.load(tmp_path / "kept").vocabulary


CHINESE = "我们的家在山上\n你说天会晴\n" * 20


@pytest.mark.parametrize(
    ("text", "options", "begins"),
    [
        (CHINESE, (), True),
        (CHINESE, ("--no-ngram", "--dropout", "0.2"), True),
        (CHINESE, ("--base", "none"), False),
        (CHINESE, ("--hidden", "4"), False),
        (CHINESE, ("--cell", "rnn"), False),
        (CHINESE, ("--bidirectional",), False),
        (CHINESE, ("--cell", "ngram"), False),
        ("the quick brown fox\n" * 20, (), False),
    ],
)
def test_a_small_chinese_text_begins_with_the_shipped_model(
    text: str, options: tuple[str, ...], begins: bool, cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "text.txt").write_text(text, "utf-8")
    result = cli("train", "text.txt", *options, "--epochs", "1")
    assert result.returncode == 0, result.stderr
    assert ("base        zh, has read" in result.stderr) == begins
    assert ("--base none begins without it" in result.stderr) == begins
    assert len(checkpoints.load(tmp_path / "checkpoints").read) == 1 + begins


def test_text_without_line_ends_begins_with_random_weights(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text(CHINESE, "utf-8")
    assert cli("prepare", "text.txt", "--newlines", "space").returncode == 0
    assert "base  " not in cli("train", "--epochs", "1").stderr


def test_the_line_of_an_epoch() -> None:
    record = Record(1, 50.0, 40.0, gradient_norm=0.523, clipped=0.125)
    assert progress.scores(record) == "perplexity 50.00, validation 40.00, norm 0.52, 12% clipped"
    assert progress.scores(dataclasses.replace(record, clipped=0.0)) == "perplexity 50.00, validation 40.00, norm 0.52"
    assert progress.scores(Record(1, 50.0)) == "perplexity 50.00"


def norms_of(start: Checkpoint, *norms: float) -> list[str]:
    """What is said after each of the steps with these norms, and losses that rise with them."""
    watched = progress.Norms(start)
    return [watched.add(Step(8, norm, norm, norm > 1, 0.1, np.zeros(0, "f4"))) for norm in norms]


def test_a_gradient_that_explodes_without_clipping_is_told_once(random_checkpoint: Callable[..., Checkpoint]) -> None:
    start = dataclasses.replace(
        random_checkpoint(), train=TrainConfig(clip=0.0), progress=Progress(part=Subtotal(steps=55))
    )
    words = "the gradient's norm is 1.3e+04 in epoch 1, step 57, 13,000 times the usual one: it explodes"
    assert norms_of(start, 1.0, 1.3e4, 1e9) == ["", f"Warning: {words}; lower --lr, or set --clip", ""]
    assert norms_of(random_checkpoint(), 1.0, 1.3e4, 1e9) == [""] * 3, "what is clipped does no harm"


def test_the_running_norm_goes_on_where_an_epoch_was_interrupted(random_checkpoint: Callable[..., Checkpoint]) -> None:
    part = Progress(part=Subtotal(steps=2, norms=1.0, clipped=0))
    watched = progress.Norms(dataclasses.replace(random_checkpoint(), progress=part))
    for norm in (1.5, 3.5):
        watched.add(Step(8, 1.0, norm, norm > 1, 0.1, np.zeros(0, "f4")))
    assert watched.words() == ["norm 1.50", "50% clipped"]
    watched.begin_epoch()
    watched.add(Step(8, 1.0, 0.5, False, 0.1, np.zeros(0, "f4")))
    assert watched.words() == ["norm 0.50"]


def test_a_training_tells_how_long_it_will_take(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([5.0, 5.5, 7.0, 8.0])
    monkeypatch.setattr(progress.time, "perf_counter", lambda: next(now))
    pace = progress.Pace(30_000)
    assert [pace.tell(100) for _ in range(4)] == ["", "", "about 5 min", ""]
