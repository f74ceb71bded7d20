"""``lyricgen train``: dataset -> checkpoints, with a bar, previews and a log."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lyricgen import signals, threads
from lyricgen.cli.options import build, config_options, say, show
from lyricgen.config import ModelConfig, PrepareConfig, SampleConfig, TrainConfig, flag
from lyricgen.errors import FileError, OptionError

if TYPE_CHECKING:
    from lyricgen.engine.run import Event
    from lyricgen.model.checkpoint import Checkpoint
    from lyricgen.text.dataset import Dataset

_CHANGEABLE = ("epochs", "patience")  # what a resumed training may do otherwise than before
_PREVIEW = SampleConfig(length=50)


@click.command()
@click.argument("dataset", required=False)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("checkpoints"), show_default=True,
    help="Folder for best.safetensors, last.safetensors and log.jsonl.",
)  # fmt: skip
@config_options(ModelConfig, TrainConfig)
@click.option("--preview", multiple=True, metavar="PREFIX", help="Write a line from PREFIX now and then (repeatable).")
@click.option("--preview-every", type=click.IntRange(1), default=10, show_default=True, help="Epochs between previews.")
@click.option(
    "--checkpoint-every", type=click.FloatRange(0, min_open=True), default=60.0, show_default=True, metavar="SECONDS",
    help="Write last.safetensors within an epoch, too.",
)  # fmt: skip
@click.option("--threads", "thread_count", type=click.IntRange(1), help="Threads. [default: the usable processors]")
@click.option("--resume", is_flag=True, help="Go on with the last checkpoint in the folder.")
@click.option("-f", "--force", is_flag=True, help="Replace the model in the folder.")
@click.pass_context
def train(
    context: click.Context, /, dataset: str | None, output: Path, resume: bool, force: bool, thread_count: int | None,
    checkpoint_every: float, preview: tuple[str, ...], preview_every: int, **values: Any,
) -> None:  # fmt: skip
    """Train a model.

    DATASET is a file made by `lyricgen prepare`, or anything that command reads. Without one, dataset.safetensors of
    this folder is used, or else the embedded corpus. Prints the path of the best checkpoint.
    """
    _check_folder(output, resume=resume, force=force)
    if thread_count:
        threads.limit(thread_count)
    if values["cell"] == "ngram":
        _count(_find_dataset(dataset), output, preview, resume=resume, **values)
        return
    with signals.caught() as caught:
        from lyricgen import storage
        from lyricgen.engine import run
        from lyricgen.model.checkpoint import BEST, LAST

        data = _find_dataset(dataset)
        if resume:
            start = _resumed(output / LAST, data, _given(context, values))
        else:
            start = run.begin(data, build(ModelConfig, values), build(TrainConfig, values))
        _introduce(start, data)
        if run.finished(start.progress, start.train):
            say(f"finished    after epoch {start.progress.epoch} already; a larger --epochs goes further")
        if not caught:
            with storage.locked(output):
                _check_folder(output, resume=resume, force=force)  # it may have changed before it was locked
                events = run.run(start, data, output, save_every=checkpoint_every, stopped=lambda: bool(caught))
                _follow(events, start, data, preview, preview_every)
    if caught:
        _say_how_to_go_on(dataset, output)
        context.exit(128 + caught[0])
    click.echo(str(output / BEST))


def _say_how_to_go_on(dataset: str | None, folder: Path) -> None:
    from lyricgen.model.checkpoint import DEFAULT_FOLDER, LAST

    if not (folder / LAST).exists():
        say("Interrupted before the first step: there is nothing to resume")
        return
    words = ["lyricgen train", *([dataset] if dataset else [])]
    words += [] if str(folder) == DEFAULT_FOLDER else ["-o", str(folder)]
    say(f"Interrupted; `{' '.join(words)} --resume` goes on from here")


def _count(data: Dataset, folder: Path, preview: Sequence[str], *, resume: bool, **values: Any) -> None:
    from lyricgen import storage
    from lyricgen.model import counting
    from lyricgen.model.checkpoint import BEST

    if resume:
        raise OptionError("--resume: an n-gram model is counted in one go; use --force to count it anew")
    say(f"text        {_sizes(data)}")
    checkpoint, record = counting.count(data, build(ModelConfig, values), build(TrainConfig, values))
    with storage.locked(folder):
        counting.save(checkpoint, record, folder)
    grams = sum(len(tensor) for name, tensor in checkpoint.parameters.items() if name.endswith(".characters"))
    say(
        f"model       n-gram of order {checkpoint.model.order}, {grams:,} n-grams, counted in {record['seconds']:.2f} s"
    )
    say(_scores(record))
    for prefix in preview:
        say(f" - {_preview(checkpoint, prefix)}")
    click.echo(str(folder / BEST))


def _check_folder(folder: Path, *, resume: bool, force: bool) -> None:
    from lyricgen.model.checkpoint import BEST, LAST

    if folder.exists() and not folder.is_dir():
        raise FileError(f"{folder}: is a file; name a folder with -o")
    held = (folder / BEST).exists() or (folder / LAST).exists()
    if held and not (resume or force):
        raise FileError(
            f"{folder}: holds a model already; --resume goes on with it, --force replaces it, -o names another folder"
        )
    if resume and not (folder / LAST).exists():
        raise FileError(f"{folder / LAST}: no checkpoint to resume; train without --resume, or name its folder with -o")
    if resume and force:
        raise OptionError("--resume and --force: take one of them, to go on or to begin anew")


def _given(context: click.Context, values: dict[str, Any]) -> dict[str, Any]:
    """The options that the user named, not those that have their default."""
    default = click.core.ParameterSource.DEFAULT
    return {name: value for name, value in values.items() if context.get_parameter_source(name) is not default}


def _find_dataset(source: str | None) -> Dataset:
    from lyricgen import storage
    from lyricgen.text import dataset as datasets

    if source is None and Path(datasets.DEFAULT_FILE).exists():
        source = datasets.DEFAULT_FILE
    if source and Path(source).is_file() and storage.is_stored(Path(source)):
        say(f"dataset     {source}")
        return datasets.load(Path(source))
    prepared = datasets.prepare([source] if source else [], PrepareConfig())
    say(f"dataset     {source or 'the embedded corpus (no dataset.safetensors here)'}")
    return prepared


def _resumed(path: Path, data: Dataset, given: dict[str, Any]) -> Checkpoint:
    from lyricgen.model import checkpoint

    start = checkpoint.load(path)
    if start.dataset != data.fingerprint:
        raise FileError(f"{path}: was trained on another dataset; name that one, or train anew in another folder (-o)")
    trained = {**dataclasses.asdict(start.model), **dataclasses.asdict(start.train)}
    for name, value in given.items():
        if trained[name] != value and name not in _CHANGEABLE:
            was = trained[name]
            raise OptionError(f"{flag(name)}: {value} given, but this training began with {was}; leave it out")
    changed = {name: given[name] for name in _CHANGEABLE if name in given}
    return dataclasses.replace(start, train=dataclasses.replace(start.train, **changed))


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
