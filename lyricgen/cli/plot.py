"""``lyricgen plot``: trainings -> a picture of their epochs, of their gradients, or of the value of their memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from lyricgen import api, files
from lyricgen.cli import curves, pictures, pyplot
from lyricgen.cli.models import dataset_option, own_or_shipped
from lyricgen.cli.options import PATH, command, expand, option, put, say, to_json
from lyricgen.errors import OptionError
from lyricgen.inspection.context import Context
from lyricgen.inspection.gradients import Gradients
from lyricgen.model.checkpoint import DEFAULT_FOLDER
from lyricgen.model.scoring import show_number

_SHARES = (0.5, 0.9, 0.99)
_SEEN = (1, 5, 20, 100)  # characters
Figures = list[dict[str, Any]]


@command("plot")
@click.argument("runs", nargs=-1, type=PATH, metavar="[RUN]...", callback=expand)
@option("--gradients", is_flag=True, help="Draw how far back the gradients of each RUN go instead.")
@option(
    "--scale",
    type=float,
    metavar="FACTOR",
    help="With --gradients, also draw each RUN with the weights of its recurrence multiplied by FACTOR.",
)
@option(
    "--context",
    is_flag=True,
    help="Draw the perplexity of each RUN when it sees only the last 1 to 100 characters, beside n-grams, instead.",
)
@dataset_option("The text whose held-out part --gradients and --context read.")
@option(
    "-o",
    "--output",
    type=PATH,
    help="File to write, .png or .svg. [default: perplexity.png, gradients.png or context.png]",
)
@option("-f", "--force", is_flag=True, help="Replace an existing file.")
@option("--json", is_flag=True, help="Print the figures as JSON, a line for each model, instead of the path.")
def plot(
    runs: tuple[Path, ...],
    gradients: bool,
    scale: float | None,
    context: bool,
    dataset: str | None,
    output: Path | None,
    force: bool,
    json: bool,
) -> None:
    """Draw perplexity, gradient norm and learning rate over the epochs.

    The norm is the mean before clipping; θ (--clip) is a dashed line, the share of the steps clipped a thin one. RUN is
    a folder of `lyricgen train`, or a checkpoint. [default: checkpoints] Prints the file's path.
    """
    if gradients and context:
        raise OptionError("--gradients and --context make a picture each: run the command once for each")
    target = output or Path(f"{'gradients' if gradients else 'context' if context else 'perplexity'}.png")
    files.check_new(target, force=force)
    pyplot.check_suffix(target)
    pyplot.open_pyplot()  # what is missing is said before anything is computed
    with files.product(target, force=force) as file:
        kind = target.suffix[1:]
        if gradients:
            followed = api.gradients(*_networks(runs), dataset=dataset, scale=scale)
            _say_gradients(followed)
            pictures.draw_gradients(followed, file, kind)
            figures = [network.figures() for network in followed]
        elif context:
            measured = api.context(*_networks(runs), dataset=dataset)
            _say_context(measured)
            pictures.draw_context(measured, file, kind)
            figures = [network.figures() for network in measured]
        else:
            figures = curves.draw(runs or (Path(DEFAULT_FOLDER),), file, kind)
    for line in map(to_json, figures) if json else [str(target)]:
        put(line)


def _networks(runs: tuple[Path, ...]) -> Sequence[Path]:
    return runs or [own_or_shipped(None)]


def _say_gradients(networks: Sequence[Gradients]) -> None:
    for network in networks:
        reach = ", ".join(f"{share:.0%} within {network.reach(share)}" for share in _SHARES)
        say(f"gradient    {network.name}: {reach} of the last 100 characters")


def _say_context(networks: Sequence[Context]) -> None:
    for network in networks:
        seen = ", ".join(f"{show_number(network.network[n])} seeing {n}" for n in _SEEN)
        say(f"context     {network.run}: perplexity {seen} characters")
