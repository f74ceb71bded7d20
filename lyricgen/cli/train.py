"""``lyricgen train``: dataset -> checkpoints."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lyricgen import signals
from lyricgen import threads as processors
from lyricgen.cli import progress
from lyricgen.cli.options import PATH, STDIN, command, config_options, expand, given, option, put, say
from lyricgen.cli.settings import config_file_option
from lyricgen.config import ENGINES, LEARNING, MACHINES, MODEL, ModelConfig, TrainConfig, flag, refuse_without_effect
from lyricgen.errors import OptionError

if TYPE_CHECKING:
    from lyricgen.engine.cluster import Cluster


def _check_device(_context: click.Context, _parameter: click.Parameter, device: str) -> str:
    if not re.fullmatch("cpu|gpu(:[0-9]{1,2})?", device):
        raise click.BadParameter(f"{device!r} is neither cpu nor gpu nor gpu:N")
    return device


@command("train")
@click.argument("dataset", nargs=-1, metavar="[DATASET]...", callback=expand)
@option(
    "-o", "--output", type=PATH, default=Path("checkpoints"), show_default=True,
    help="Folder for best.safetensors, last.safetensors and log.jsonl.",
)  # fmt: skip
@config_file_option
@config_options(ModelConfig, TrainConfig)
@option("--preview", multiple=True, metavar="PREFIX", help="Write a line from PREFIX now and then (repeatable).")
@option("--preview-every", type=click.IntRange(1), default=10, show_default=True, help="Epochs between previews.")
@option(
    "--checkpoint-every", type=click.FloatRange(0, min_open=True), default=60.0, show_default=True, metavar="SECONDS",
    help="Write last.safetensors within an epoch, too.",
)  # fmt: skip
@option("--tensorboard", type=PATH, metavar="DIR", help="Write figures for TensorBoard.")
@option("--threads", type=click.IntRange(1, 1024), group=LEARNING, help="Threads. [default: the usable processors]")
@option(
    "--engine", type=click.Choice(ENGINES), group=LEARNING,
    help="What computes. [default: mxnet where it is installed, numpy for --gru-reset before]",
)  # fmt: skip
@option(
    "--device", default="cpu", show_default=True, metavar="cpu|gpu[:N]", help="What MXNet computes on.",
    callback=_check_device, group=LEARNING,
)  # fmt: skip
@option(
    "--workers",
    type=click.IntRange(1, 256),
    group=MACHINES,
    help="Processes on this machine that share every minibatch.",
)
@option(
    "--kvstore", type=click.Choice(["dist_sync"]), group=MACHINES,
    help="Join the workers that a launcher's DMLC_* variables describe, on this machine or several.",
)  # fmt: skip
@option(
    "--base", type=PATH, group=MODEL,
    help="Begin with the weights of this checkpoint, a folder's best one, or zh; it has read other text before.",
)  # fmt: skip
@option("--resume", is_flag=True, help="Go on with the last checkpoint in the folder.")
@option("-f", "--force", is_flag=True, help="Replace the model in the folder.")
@click.pass_context
def train(
    context: click.Context, /, dataset: tuple[str, ...], output: Path, base: Path | None, resume: bool, force: bool,
    threads: int | None, checkpoint_every: float, preview: tuple[str, ...], preview_every: int,
    tensorboard: Path | None, engine: str | None, device: str, workers: int | None, kvstore: str | None, **values: Any,
) -> None:  # fmt: skip
    """Train a model.

    DATASET is a file made by `lyricgen prepare`, or anything that command reads. Without one, dataset.safetensors of
    this folder is used, or else the embedded corpus. Prints the path of the best checkpoint.
    """
    refuse_without_effect(given(context, context.params), context.params)
    options = given(context, values)
    if values["cell"] == "ngram":
        _count(dataset, output, preview, base=base, resume=resume, force=force, options=options)
        return
    if threads:
        processors.limit(threads)
    if workers and not kvstore:
        _run_workers(context, workers, dataset, output)
        return
    from lyricgen.engine import launch

    before = _last(output, resume=resume)
    try:
        cluster = launch.join() if kvstore else None
        board = progress.open_board(tensorboard) if tensorboard and not (cluster and cluster.rank) else None
        number = _train(
            dataset, output, options, base=base, resume=resume, force=force, cluster=cluster, engine=engine,
            device=device, board=board, checkpoint_every=checkpoint_every, preview=preview, preview_every=preview_every,
        )  # fmt: skip
    except KeyboardInterrupt as error:
        number = signals.exit_status(error) - 128
    if number:
        _say_how_to_go_on(dataset, output, before)
        context.exit(128 + number)
    if cluster:
        cluster.leave()
    _print_best(output)


def _train(
    dataset: tuple[str, ...], output: Path, options: dict[str, Any], *, base: Path | None, resume: bool, force: bool,
    cluster: Cluster | None, engine: str | None, device: str, board: Any, checkpoint_every: float,
    preview: tuple[str, ...], preview_every: int,
) -> int:  # fmt: skip
    """Train to the end, or to a signal, whose number is returned."""
    from lyricgen import api

    with api.begin(
        dataset, output, base=base, resume=resume, force=force, cluster=cluster, engine=engine, device=device, **options
    ) as training:
        from lyricgen.engine import run

        start = training.start
        progress.introduce(training)
        if run.finished(start.progress, start.train):
            say(f"finished    after epoch {start.progress.epoch} already; a larger --epochs continues it")
        with signals.caught() as caught:
            events = training.run(checkpoint_every=checkpoint_every, stopped=lambda: bool(caught))
            events = progress.written(events, board) if board else events
            progress.follow(events, start, len(training.dataset.train), preview, preview_every)
        return caught[0] if caught else 0


def _run_workers(context: click.Context, count: int, dataset: Sequence[str], folder: Path) -> None:
    from lyricgen.engine import launch

    if STDIN in dataset:
        raise OptionError("--workers: each process reads the dataset, so that it cannot be -: name a file")
    before = _last(folder, resume=bool(context.params["resume"]))
    status = launch.run(count, ["train", *_worker_arguments(context), "--kvstore=dist_sync", "--", *dataset])
    if status > 128:
        _say_how_to_go_on(dataset, folder, before)
    context.exit(status)


def _worker_arguments(context: click.Context) -> Iterator[str]:
    """The options that were given, by whatever way, as flags."""
    values = given(context, context.params)
    for each in context.command.params:
        value = values.get(str(each.name))
        if value is None or not isinstance(each, click.Option) or each.name == "workers":
            continue
        if isinstance(value, bool):
            yield from (each.opts if value else each.secondary_opts)[:1]
        else:
            yield from (f"{flag(str(each.name))}={part}" for part in (value if each.multiple else (value,)))


def _last(folder: Path, *, resume: bool) -> tuple[int, ...] | None:
    """What tells the last checkpoint of an older model from one of this training; None if there is none."""
    from lyricgen import files
    from lyricgen.model.checkpoint import LAST

    return None if resume else files.identity(folder / LAST)


def _say_how_to_go_on(dataset: Sequence[str], folder: Path, before: tuple[int, ...] | None) -> None:
    from lyricgen import files
    from lyricgen.model.checkpoint import DEFAULT_FOLDER, LAST

    if files.identity(folder / LAST) in (None, before):
        kept = "; the model that was there is unchanged" if before else ""
        say(f"Interrupted before the first checkpoint: nothing to resume{kept}")
        return
    options = [] if str(folder) == DEFAULT_FOLDER else ["-o", str(folder)]
    dashes = ["--"] if any(name.startswith("-") for name in dataset) else []
    words = ["lyricgen", "train", *options, "--resume", *dashes, *dataset]
    shown = subprocess.list2cmdline(words) if files.WINDOWS else shlex.join(words)
    say(f"Interrupted; `{shown}` continues it")


def _count(
    dataset: Sequence[str], folder: Path, preview: Sequence[str], *, base: Path | None, resume: bool, force: bool,
    options: dict[str, Any],
) -> None:  # fmt: skip
    from lyricgen import api

    if resume:
        raise OptionError("--resume: an n-gram model is counted in one go; use --force to count it again")
    name, data = api.find_dataset(dataset)
    progress.announce(name, data)
    checkpoint, record = api.count(data, folder, base=base, force=force, **options)
    grams = sum(len(tensor) for name, tensor in checkpoint.parameters.items() if name.endswith(".characters"))
    counted = f"n-gram of order {checkpoint.model.order}, {grams:,} n-grams, counted in {record['seconds']:.2f} s"
    progress.say_read(checkpoint)
    say(f"model       {counted}")
    say(progress.scores(record))
    for prefix in preview:
        say(f" - {progress.preview_line(checkpoint, prefix)}")
    _print_best(folder)


def _print_best(folder: Path) -> None:
    from lyricgen.model.checkpoint import BEST

    put(str(folder / BEST))
