"""``lyricgen prepare --show-batches``: minibatches in rows, X beside Y, and which row continues which."""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Callable

import click

from lyricgen.cli.options import clean, say, visible

if TYPE_CHECKING:
    from lyricgen.text.batches import Batch, Shape
    from lyricgen.text.dataset import Dataset
    from lyricgen.text.vocabulary import Ids

_SHOWN = 3  # minibatches of a text
_INDENT, _ARROW, _GAP = "  ", "→ ", "   "
_COLOURS = ("cyan", "yellow", "magenta", "green", "blue", "red")
_WORDS = {
    "consecutive": "→ each row goes on where it ended before, and keeps its state",
    "random": "the rows come in random order, and each starts from a zero state",
}
_Rows = tuple[list[str], list[str]]  # of X and of Y


def print_batches(dataset: Dataset | None, *, sampling: str, batch_size: int, steps: int) -> None:
    """Print the first minibatches of a training part, or all of the numbers 0 to 29; say what is to be seen."""
    from lyricgen import api
    from lyricgen.text.batches import Shape

    sources = () if dataset is None else (dataset,)
    batches = api.minibatches(*sources, sampling=sampling, batch_size=batch_size, steps=steps)
    shown = list(batches if dataset is None else islice(batches, _SHOWN))
    _introduce(dataset, shown, sampling, Shape(batch_size, steps))
    columns, in_colour = shutil.get_terminal_size().columns, _in_colour()
    spell = _spell_numbers if dataset is None else _speller(dataset)
    for line in lay_out(shown, spell, sampling, columns=columns, in_colour=in_colour):
        click.echo(line, color=in_colour)


def _introduce(dataset: Dataset | None, shown: Sequence[Batch], sampling: str, asked: Shape) -> None:
    """Say what is read, how many minibatches that makes, and what to see in them."""
    from lyricgen.text.batches import NUMBERS, count_batches, fit

    unit, length = ("numbers", NUMBERS) if dataset is None else ("characters", len(dataset.train))
    say(f"numbers     0 to {NUMBERS - 1}" if dataset is None else f"train       {length:,} characters")
    shape = fit(length, batch_size=asked.batch_size, steps=asked.steps)
    if shape != asked:
        say(f"minibatch   {_product(shape)}: too few {unit} for {_product(asked)}")
    count = count_batches(length, shape, sampling=sampling)
    say(f"minibatches {count:,} of {_product(shape)} {unit}{_which(shown, count, shape)}")
    say(f"{sampling:<11} {_WORDS[sampling]}")


def _product(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape))


def _which(shown: Sequence[Batch], count: int, shape: Shape) -> str:
    """Which minibatches are shown, if not all, or else what is left for the last one."""
    if count > len(shown):
        return f"; the first {len(shown)}"
    last = shown[-1].x.T.shape
    return f", the last of {_product(last)}" if last != shape else ""


def _in_colour() -> bool:
    """Whether stdout shows colours; for NO_COLOR see no-color.org."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _spell_numbers(numbers: Ids) -> str:
    return " ".join(f"{number:>2}" for number in numbers)


def _speller(dataset: Dataset) -> Callable[[Ids], str]:
    return lambda ids: clean("".join(map(visible, dataset.vocabulary.decode(ids))))


def width(text: str) -> int:
    """The columns that a text takes on a terminal: two for a wide character, none for a mark on another one."""
    on_others = ("Mn", "Me")
    alone = [character for character in text if unicodedata.category(character) not in on_others]
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in alone)


def lay_out(
    batches: Sequence[Batch], spell: Callable[[Ids], str], sampling: str, *, columns: int, in_colour: bool
) -> Iterator[str]:
    """The lines of minibatches; Y is below X where both do not fit into so many columns.

    What continues a row has its colour.
    """
    spelled: list[_Rows] = [([*map(spell, batch.x.T)], [*map(spell, batch.y.T)]) for batch in batches]
    widest = max(width(row) for both in spelled for rows in both for row in rows)
    fits = len(_INDENT) + widest + len(_GAP) + widest <= columns
    begun = 0  # rows that have a colour of their own
    for number, rows in enumerate(spelled):
        continues = number > 0 and sampling == "consecutive"
        lines = _beside(rows, widest, continues) if fits else _below(rows, continues)
        yield ("\n" if number else "") + f"minibatch {number + 1}"
        for row, line in lines:
            colour = _COLOURS[(begun + row) % len(_COLOURS)] if in_colour and row is not None else None
            yield click.style(line, fg=colour) if colour else line
        begun += 0 if sampling == "consecutive" else len(rows[0])


def _beside(rows: _Rows, widest: int, continues: bool) -> Iterator[tuple[int | None, str]]:
    """The number of each line's row, None for a heading, and the line."""
    yield None, _INDENT + "X".ljust(widest) + _GAP + "Y"
    for row, (x, y) in enumerate(zip(*rows)):
        yield row, (_ARROW if continues else _INDENT) + x + " " * (widest - width(x)) + _GAP + y


def _below(rows: _Rows, continues: bool) -> Iterator[tuple[int | None, str]]:
    """The same, X above Y."""
    for name, lines in zip("XY", rows):
        yield None, _INDENT + name
        for row, line in enumerate(lines):
            yield row, (_ARROW if continues and name == "X" else _INDENT) + line
