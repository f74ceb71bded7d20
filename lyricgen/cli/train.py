"""``lyricgen train``: dataset -> checkpoints, with a bar, previews and a log."""

from __future__ import annotations

import atexit
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lyricgen import signals, threads
from lyricgen.cli.options import config_options, say, show
from lyricgen.cli.settings import config_file_option
from lyricgen.config import ModelConfig, SampleConfig, TrainConfig
from lyricgen.errors import FileError, MissingError, OptionError

if TYPE_CHECKING:
    from lyricgen.engine.cluster import Cluster
    from lyricgen.engine.run import Event
    from lyricgen.model.checkpoint import Checkpoint
    from lyricgen.text.dataset import Dataset

_PREVIEW = SampleConfig(length=50)


def _check_device(_context: click.Context, _parameter: click.Parameter, device: str) -> str:
    if not re.fullmatch("cpu|gpu(:[0-9]{1,2})?", device):
        raise click.BadParameter(f"{device!r} is neither cpu nor gpu nor gpu:N")
    return device


@click.command()
@click.argument("dataset", required=False)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("checkpoints"), show_default=True,
    help="Folder for best.safetensors, last.safetensors and log.jsonl.",
)  # fmt: skip
@config_file_option
@config_options(ModelConfig, TrainConfig)
@click.option("--preview", multiple=True, metavar="PREFIX", help="Write a line from PREFIX now and then (repeatable).")
@click.option("--preview-every", type=click.IntRange(1), default=10, show_default=True, help="Epochs between previews.")
@click.option(
    "--checkpoint-every", type=click.FloatRange(0, min_open=True), default=60.0, show_default=True, metavar="SECONDS",
    help="Write last.safetensors within an epoch, too.",
)  # fmt: skip
@click.option(
    "--tensorboard", type=click.Path(path_type=Path), metavar="DIR", help="Write each epoch's figures for TensorBoard."
)
@click.option("--threads", "thread_count", type=click.IntRange(1), help="Threads. [default: the usable processors]")
@click.option(
    "--device", default="cpu", show_default=True, metavar="cpu|gpu[:N]", help="What MXNet computes on.",
    callback=_check_device,
)  # fmt: skip
@click.option("--workers", type=click.IntRange(1), help="Processes on this machine that share every minibatch.")
@click.option(
    "--kvstore", type=click.Choice(["dist_sync"]),
    help="Join the workers that a launcher's DMLC_* variables describe, on this machine or several.",
)  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on with the last checkpoint in the folder.")
@click.option("-f", "--force", is_flag=True, help="Replace the model in the folder.")
@click.pass_context
def train(
    context: click.Context, /, dataset: str | None, output: Path, resume: bool, force: bool, thread_count: int | None,
    checkpoint_every: float, preview: tuple[str, ...], preview_every: int, tensorboard: Path | None,
    device: str, workers: int | None, kvstore: str | None, **values: Any,
) -> None:  # fmt: skip
    """Train a model.

    DATASET is a file made by `lyricgen prepare`, or anything that command reads. Without one, dataset.safetensors of
    this folder is used, or else the embedded corpus. Prints the path of the best checkpoint.
    """
    from lyricgen import api

    api.check_folder(output, resume=resume, force=force)
    if thread_count:
        threads.limit(thread_count)
    if (workers or kvstore) and values["cell"] == "ngram":
        raise OptionError("--workers, --kvstore: an n-gram model is counted by one process; leave them out")
    if workers and not kvstore:
        _run_workers(context, workers, dataset, output)
        return
    if values["cell"] == "ngram":
        _count(dataset, output, preview, resume=resume, force=force, **values)
        return
    with signals.caught() as caught:
        cluster = _join() if kvstore else None
        board = _board(tensorboard) if tensorboard and not (cluster and cluster.rank) else None
        from lyricgen.engine import runtime

        runtime.use_device(device)
        from lyricgen.engine import run
        from lyricgen.model.checkpoint import BEST

        data = _find_dataset(dataset)
        options = _given(context, values) if resume else values
        training = api.begin(data, output, resume=resume, force=force, **options)
        start = training.start
        _introduce(start, data)
        if run.finished(start.progress, start.train):
            say(f"finished    after epoch {start.progress.epoch} already; a larger --epochs goes further")
        if not caught:
            events = training.run(checkpoint_every=checkpoint_every, stopped=lambda: bool(caught), cluster=cluster)
            _follow(_written(events, board) if board else events, start, data, preview, preview_every)
        if cluster and not caught:
            cluster.leave()
    if caught:
        _say_how_to_go_on(dataset, output)
        context.exit(128 + caught[0])
    click.echo(str(output / BEST))


def _run_workers(context: click.Context, count: int, dataset: str | None, folder: Path) -> None:
    from lyricgen.cli import workers

    status = workers.run(count, sys.argv[1:])
    if status > 128:
        _say_how_to_go_on(dataset, folder)
    context.exit(status)


def _join() -> Cluster:
    """Join the other workers; only the first one speaks. A scheduler or a server serves, and does not return."""
    from lyricgen.engine import watch

    role = os.environ.get("DMLC_ROLE")
    if role in ("scheduler", "server"):
        os.environ.setdefault("MXNET_ENGINE_TYPE", "ThreadedEnginePerDevice")  # the naive one serves one at a time
    if role == "scheduler":
        watch.serve()
    elif role == "server" and not os.environ.get(watch.WATCHED):
        atexit.register(watch.Watch(silent=True).leave)
    from lyricgen.engine import cluster

    joined = cluster.join()
    if joined.rank:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
    return joined


def _board(folder: Path) -> Any:
    try:
        from tensorboardX import SummaryWriter
    except ImportError:
        raise MissingError("tensorboardX is not installed: pip install 'tensorboardX>=2.6'") from None
    if folder.exists() and not folder.is_dir():
        raise FileError(f"{folder}: is a file; name a folder with --tensorboard")
    try:
        return SummaryWriter(str(folder))
    except OSError as error:
        raise FileError(f"{folder}: cannot be written: {error.strerror or error}") from error


def _written(events: Iterable[Event], board: Any) -> Iterator[Event]:
    """The same events, each epoch's figures written to TensorBoard's file by the way."""
    from lyricgen.engine.run import Epoch

    with board:
        for event in events:
            if isinstance(event, Epoch):
                for name, value in event.record.items():
                    if name != "epoch" and value is not None:
                        board.add_scalar(name, value, event.record["epoch"])
                board.flush()
            yield event


def _say_how_to_go_on(dataset: str | None, folder: Path) -> None:
    from lyricgen.model.checkpoint import DEFAULT_FOLDER, LAST

    if not (folder / LAST).exists():
        say("Interrupted before the first step: there is nothing to resume")
        return
    words = ["lyricgen train", *([dataset] if dataset else [])]
    words += [] if str(folder) == DEFAULT_FOLDER else ["-o", str(folder)]
    say(f"Interrupted; `{' '.join(words)} --resume` goes on from here")


def _count(
    source: str | None, folder: Path, preview: Sequence[str], *, resume: bool, force: bool, **values: Any
) -> None:
    from lyricgen import api
    from lyricgen.model.checkpoint import BEST

    if resume:
        raise OptionError("--resume: an n-gram model is counted in one go; use --force to count it anew")
    data = _find_dataset(source)
    say(f"text        {_sizes(data)}")
    checkpoint, record = api.count(data, folder, force=force, **values)
    grams = sum(len(tensor) for name, tensor in checkpoint.parameters.items() if name.endswith(".characters"))
    say(
        f"model       n-gram of order {checkpoint.model.order}, {grams:,} n-grams, counted in {record['seconds']:.2f} s"
    )
    say(_scores(record))
    for prefix in preview:
        say(f" - {_preview(checkpoint, prefix)}")
    click.echo(str(folder / BEST))


def _given(context: click.Context, values: dict[str, Any]) -> dict[str, Any]:
    """The options that the user named, not those that have their default."""
    default = click.core.ParameterSource.DEFAULT
    return {name: value for name, value in values.items() if context.get_parameter_source(name) is not default}


def _find_dataset(source: str | None) -> Dataset:
    from lyricgen.api import find_dataset
    from lyricgen.text.corpus import EMBEDDED

    name, data = find_dataset(source)
    say(f"dataset     {name}{' (no dataset.safetensors here)' if name == EMBEDDED else ''}")
    return data


def _introduce(start: Checkpoint, data: Dataset) -> None:
    from lyricgen.text.batches import fit

    model, count = start.model, sum(tensor.size for tensor in start.parameters.values())
    cell = f"gru (reset {model.gru_reset})" if model.cell == "gru" else model.cell
    cell = f"bidirectional {cell}" if model.bidirectional else cell
    say(f"text        {_sizes(data)}")
    say(f"model       {cell}, {model.layers} × {model.hidden}, {count:,} parameters, dropout {start.train.dropout}")
    say(f"threads     {threads.limit_unless_set()}")
    size, steps = fit(len(data.train), batch_size=start.train.batch_size, steps=start.train.steps)
    if (size, steps) != (start.train.batch_size, start.train.steps):
        asked = f"{start.train.batch_size} × {start.train.steps}"
        say(f"minibatch   {size} × {steps} characters: the text is too short for {asked}")
    part = start.progress.part
    if start.progress.epoch or part:
        within = f", {part.steps:,} steps into the next" if part else ""
        say(f"resuming    after epoch {start.progress.epoch} of {start.train.epochs}{within}")


def _sizes(data: Dataset) -> str:
    held = f", {len(data.valid):,} held out" if len(data.valid) else ""
    return f"{len(data.train):,} characters{held}, {len(data.vocabulary) - 1:,} different ones"


def _follow(events: Iterable[Event], start: Checkpoint, data: Dataset, prefixes: Sequence[str], every: int) -> None:
    """Show a training's events as they come: a bar on a terminal, a line an epoch elsewhere."""
    from tqdm import tqdm

    from lyricgen.engine.run import Epoch

    an_epoch, done = len(data.train) - 1, start.progress.epoch
    begun = start.progress.part.characters if start.progress.part else 0
    final = start.progress
    with tqdm(
        total=an_epoch * max(start.train.epochs, done), initial=an_epoch * done + begun, unit="char", unit_scale=True,
        disable=None, dynamic_ncols=True, file=sys.stderr, smoothing=0.1,
    ) as bar:  # fmt: skip
        for event in events:
            if not isinstance(event, Epoch):
                bar.update(event.characters)
                continue
            final = event.checkpoint.progress
            bar.update(an_epoch * final.epoch - bar.n)
            bar.set_postfix_str(_scores(event.record), refresh=False)
            shown = final.epoch % every == 0 or event.is_last
            if bar.disable or (shown and prefixes):
                _write_line(bar, f"epoch {final.epoch}: {_scores(event.record)}, {event.record['seconds']:.2f} s")
            for prefix in prefixes if shown else ():
                _write_line(bar, f" - {_preview(event.checkpoint, prefix)}")
    if final.best_score is not None:
        kind = "validation" if final.valid_perplexity is not None else "training"
        say(f"best        epoch {final.best_epoch}, {kind} perplexity {final.best_score:.2f}")


def _write_line(bar: Any, words: str) -> None:
    if bar.disable:
        say(words)
    else:
        bar.write(words, file=sys.stderr)


def _scores(record: Mapping[str, Any]) -> str:
    train, valid = record["train_perplexity"], record["valid_perplexity"]
    return f"perplexity {train:.2f}" + (f", validation {valid:.2f}" if valid is not None else "")


def _preview(checkpoint: Checkpoint, prefix: str) -> str:
    from lyricgen.writing.generation import write_songs

    seed = checkpoint.train.seed
    return show(next(write_songs(checkpoint.decoder(), checkpoint.vocabulary, prefix, _PREVIEW, seed=seed, samples=1)))
