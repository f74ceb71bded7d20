"""``lyricgen prepare``: sources -> dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lyricgen.cli.options import config_options, say, show
from lyricgen.config import PrepareConfig

if TYPE_CHECKING:
    from lyricgen.text.dataset import Dataset

_SHOWN = 20


@click.command()
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=Path("dataset.safetensors"), show_default=True,
    help="File to write.",
)  # fmt: skip
@config_options(PrepareConfig)
@click.option("-f", "--force", is_flag=True, help="Replace an existing file.")
def prepare(sources: tuple[str, ...], output: Path, force: bool, **values: Any) -> None:
    """Turn text into a dataset.

    SOURCE is a .txt, .gz or .zip file, a folder of these, or - for standard input; several are joined, a blank line
    between them. Without one, the embedded corpus is used. Prints the dataset's path.
    """
    from lyricgen import api

    report(api.prepare(*sources, output=output, force=force, **values))
    click.echo(str(output))


def report(dataset: Dataset) -> None:
    """What the reader of the book wants to see: counts, the first characters and their ids, the splits."""
    first = dataset.train[:_SHOWN]
    say(f"corpus      {', '.join(dataset.sources) or 'the embedded corpus'}: {len(dataset):,} characters")
    say(f"vocabulary  {len(dataset.vocabulary) - 1:,} characters, and one for all unknown ones")
    say(f"characters  {show(dataset.vocabulary.decode(first))}")
    say(f"ids         {' '.join(map(str, first.tolist()))}")
    for name, ids in dataset.splits.items():
        if len(ids):
            say(f"{name:<11} {len(ids):,} characters, {dataset.unknown_share(name):.1%} unknown")
