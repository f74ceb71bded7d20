"""``lyricgen prepare``: sources -> dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lyricgen import api
from lyricgen.cli.options import PATH, command, config_options, expand, given, option, put, say, show
from lyricgen.config import PrepareConfig
from lyricgen.text import corpus
from lyricgen.text.dataset import DEFAULT_FILE, Dataset
from lyricgen.text.parts import NAMES

_SHOWN = 20


@command("prepare")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...", callback=expand)
@option("-o", "--output", type=PATH, default=Path(DEFAULT_FILE), show_default=True, help="File to write.")
@config_options(PrepareConfig)
@option("-f", "--force", is_flag=True, help="Replace an existing file.")
@click.pass_context
def prepare(context: click.Context, /, sources: tuple[str, ...], output: Path, force: bool, **values: Any) -> None:
    """Turn text into a dataset.

    SOURCE is a .txt, .lrc, .json, .jsonl, .csv, .tsv, .gz, .zip or .tar file, a folder of these, a dataset, or - for
    standard input; several are joined, two blank lines between them. Without one, the sample is used. Time
    stamps, credits and section marks are left out. Prints the dataset's path.
    """
    _report(api.prepare(*sources, output=output, force=force, **given(context, values)))
    put(str(output))


def _report(dataset: Dataset) -> None:
    """Say what the reader of the book wants to see: counts, the first characters and their ids, the parts."""
    first = dataset.train[:_SHOWN]
    say(f"corpus      {', '.join(dataset.sources) or corpus.SAMPLE}: {len(dataset):,} characters")
    for note in dataset.notes:
        say(note)
    say(f"vocabulary  {len(dataset.vocabulary) - 1:,} characters, and one for all unknown ones")
    say(f"characters  {show(dataset.vocabulary.decode(first))}")
    say(f"ids         {' '.join(map(str, first.tolist()))}")
    for name in NAMES:
        ids = dataset.parts.ids(name)
        if len(ids):
            say(f"{name:<11} {len(ids):,} characters, {dataset.unknown_share(name):.1%} unknown")
    warn_of_untrained(dataset)


def warn_of_untrained(data: Dataset) -> None:
    """Warn of sources that are held out entirely."""
    for source in data.untrained:
        say(f"Warning: all of {source} is held out; nothing of it is trained on (--split songs takes a part of each)")
