"""``lyricgen prepare``: sources -> dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lyricgen.cli.batches import print_batches
from lyricgen.cli.options import PATH, command, config_options, expand, given, option, put, say, show
from lyricgen.cli.progress import warn_of_untrained
from lyricgen.config import MINIBATCHES, PrepareConfig, refuse_without_effect

if TYPE_CHECKING:
    from lyricgen.text.dataset import Dataset

_SHOWN = 20


@command("prepare")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...", callback=expand)
@option(
    "-o", "--output", type=PATH, default=Path("dataset.safetensors"), show_default=True,
    help="File to write.",
)  # fmt: skip
@config_options(PrepareConfig)
@option(
    "--show-batches", type=click.Choice(["random", "consecutive"]), group=MINIBATCHES,
    help="Print the first minibatches, X and Y, instead of writing a dataset; without SOURCE those of 0 to 29.",
)  # fmt: skip
@option(
    "--batch-size", type=click.IntRange(1, 65536), default=2, show_default=True, group=MINIBATCHES,
    help="Rows of a minibatch that is shown.",
)  # fmt: skip
@option(
    "--steps", type=click.IntRange(1, 65536), default=6, show_default=True, group=MINIBATCHES,
    help="Characters in a row of it.",
)  # fmt: skip
@option("-f", "--force", is_flag=True, help="Replace an existing file.")
@click.pass_context
def prepare(
    context: click.Context, /, sources: tuple[str, ...], output: Path, force: bool, show_batches: str | None,
    batch_size: int, steps: int, **values: Any,
) -> None:  # fmt: skip
    """Turn text into a dataset.

    SOURCE is a .txt, .lrc, .json, .jsonl, .csv, .gz or .zip file, a folder of these, a dataset, or - for standard
    input; several are joined, a blank line between them. Without one, the embedded corpus is used. Time stamps,
    credits and section marks are left out. Prints the dataset's path.

    With --show-batches it shows what a training reads: minibatches of the training part, from its first character on
    and always in the same order. (A training begins each epoch at an offset that it draws, in an order of its own.)
    """
    from lyricgen import api

    refuse_without_effect(given(context, context.params), context.params)
    if show_batches:
        dataset = api.prepare(*sources, **given(context, values)) if sources else None
        if dataset:
            report_text(dataset)
            warn_of_untrained(dataset)
        print_batches(dataset, sampling=show_batches, batch_size=batch_size, steps=steps)
        return
    report(api.prepare(*sources, output=output, force=force, **given(context, values)))
    put(str(output))


def report(dataset: Dataset) -> None:
    """What the reader of the book wants to see: counts, the first characters and their ids, the parts."""
    from lyricgen.text.parts import NAMES

    first = dataset.train[:_SHOWN]
    report_text(dataset)
    say(f"vocabulary  {len(dataset.vocabulary) - 1:,} characters, and one for all unknown ones")
    say(f"characters  {show(dataset.vocabulary.decode(first))}")
    say(f"ids         {' '.join(map(str, first.tolist()))}")
    for name in NAMES:
        ids = dataset.parts.ids(name)
        if len(ids):
            say(f"{name:<11} {len(ids):,} characters, {dataset.unknown_share(name):.1%} unknown")
    warn_of_untrained(dataset)


def report_text(dataset: Dataset) -> None:
    """Where the text is from, and what of it was passed over."""
    say(f"corpus      {', '.join(dataset.sources) or 'the embedded corpus'}: {len(dataset):,} characters")
    for note in dataset.notes:
        say(note)
