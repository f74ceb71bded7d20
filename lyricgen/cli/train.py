"""``lyricgen train``: dataset -> checkpoints."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from lyricgen import api, files
from lyricgen.cli import progress
from lyricgen.cli.options import PATH, command, config_options, expand, given, option, put, say
from lyricgen.cli.settings import config_file_option
from lyricgen.config import MACHINES, MODEL, EngineConfig, ModelConfig, TrainConfig
from lyricgen.model.checkpoint import BEST, DEFAULT_FOLDER, LAST
from lyricgen.system import signals
from lyricgen.text import corpus
from lyricgen.text.dataset import DEFAULT_FILE, Dataset, open_sources


@command("train")
@click.argument("dataset", nargs=-1, metavar="[DATASET]...", callback=expand)
@option(
    "-o",
    "--output",
    type=PATH,
    default=Path(DEFAULT_FOLDER),
    show_default=True,
    help="Folder for best.safetensors, last.safetensors and log.jsonl.",
)
@config_file_option
@config_options(ModelConfig, TrainConfig, EngineConfig)
@option("--preview", multiple=True, metavar="PREFIX", help="Write a line from PREFIX now and then (repeatable).")
@option("--preview-every", type=click.IntRange(1), default=10, show_default=True, help="Epochs between previews.")
@option(
    "--kvstore",
    type=click.Choice(["dist_sync"]),
    group=MACHINES,
    help="Join the workers that the DMLC_* variables describe, on this machine or several.",
)
@option(
    "--base",
    type=PATH,
    group=MODEL,
    help="Begin with the weights of a checkpoint, of a folder's best one, or of zh; none: with random weights.  "
    "[default: zh for Chinese text of up to 500,000 characters, where no option contradicts it]",
)
@option("--resume", is_flag=True, help="Continue with the last checkpoint in the folder.")
@option("-f", "--force", is_flag=True, help="Replace the model in the folder.")
@click.pass_context
def train(
    context: click.Context,
    /,
    dataset: tuple[str, ...],
    output: Path,
    base: Path | None,
    resume: bool,
    force: bool,
    preview: tuple[str, ...],
    preview_every: int,
    kvstore: str | None,
    **values: Any,
) -> None:
    """Train a model.

    DATASET is a file made by `lyricgen prepare`, or anything that command reads. Without one, dataset.safetensors of
    this folder is used, or else the sample. Prints the path of the best checkpoint.
    """
    options = given(context, values)
    before = None if resume else files.identity(output / LAST)
    try:
        cluster = _join() if kvstore else None
        with api.training(
            partial(_open, dataset), output, base=base, resume=resume, force=force, cluster=cluster, **options
        ) as training:
            number = progress.follow(training, _name(dataset), preview, preview_every)
    except KeyboardInterrupt as error:
        number = signals.exit_status(error) - 128
    if number:
        _say_how_to_resume(dataset, output, before)
        context.exit(128 + number)
    if cluster:
        cluster.leave()
    put(str(output / BEST))


def _join() -> Any:
    from lyricgen.engine import cluster  # with MXNet, which no other training needs at this point

    return cluster.join()


def _sources(named: tuple[str, ...]) -> tuple[str, ...]:
    return named or ((DEFAULT_FILE,) if files.status(Path(DEFAULT_FILE)) else ())


def _open(named: tuple[str, ...]) -> Dataset:
    return open_sources(_sources(named))


def _name(named: tuple[str, ...]) -> str:
    return ", ".join(_sources(named)) or f"{corpus.SAMPLE} (no {DEFAULT_FILE} here)"


def _say_how_to_resume(dataset: Sequence[str], folder: Path, before: tuple[int, ...] | None) -> None:
    """Say how to resume; ``before`` identifies the last checkpoint of an older model, if there was one."""
    if files.identity(folder / LAST) in (None, before):
        kept = "; the model that was there is unchanged" if before else ""
        say(f"Interrupted before the first checkpoint: nothing to resume{kept}")
        return
    options = [] if str(folder) == DEFAULT_FOLDER else ["-o", str(folder)]
    dashes = ["--"] if any(name.startswith("-") for name in dataset) else []
    arguments = ["lyricgen", "train", *options, "--resume", *dashes, *dataset]
    shown = subprocess.list2cmdline(arguments) if files.WINDOWS else shlex.join(arguments)
    say(f"Interrupted; `{shown}` continues it")
