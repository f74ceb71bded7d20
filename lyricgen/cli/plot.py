"""``lyricgen plot``: the logs of trainings -> a picture of perplexity, gradient norm and learning rate."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Callable, NamedTuple

import click

from lyricgen.cli.options import PATH, command, expand, option, put
from lyricgen.errors import FileError


@command("plot")
@click.argument("runs", nargs=-1, type=PATH, metavar="[RUN]...", callback=expand)
@option(
    "-o", "--output", type=PATH, default=Path("perplexity.png"), show_default=True,
    help="File to write, .png or .svg.",
)  # fmt: skip
@option("--title", default="", help="Words above the picture.")
@option("-f", "--force", is_flag=True, help="Replace an existing file.")
def plot(runs: tuple[Path, ...], output: Path, title: str, force: bool) -> None:
    """Draw perplexity, gradient norm and learning rate over the epochs.

    The norm is the mean before clipping; θ (--clip) is a dashed line, the share of the steps clipped a thin one. RUN is
    a folder of `lyricgen train`, or a checkpoint in one. [default: checkpoints] Prints the file's path.
    """
    from lyricgen import files
    from lyricgen.cli import drawing
    from lyricgen.model.checkpoint import DEFAULT_FOLDER, LOG
    from lyricgen.model.log import read
    from lyricgen.text.corpus import shown

    files.check_new(output, force=force)
    drawing.check_suffix(output)
    folders = [run.parent if files.is_file(run) else run for run in runs or (Path(DEFAULT_FOLDER),)]
    drawn = [_Run(shown(str(folder)), read(folder / LOG), f"C{number}") for number, folder in enumerate(folders)]
    for folder, run in zip(folders, drawn):
        if not run.lines:
            raise FileError(f"{folder}: has no {LOG} with an epoch in it; name a folder of `lyricgen train`")
        if run.may_have_clipped:
            run.theta = _theta(folder)
    with files.product(output, force=force) as file:
        _draw(drawn, shown(title), file, output.suffix[1:])
    put(str(output))


@dataclasses.dataclass
class _Run:
    """A training as it is drawn: its name, the lines of its log, its colour, and θ where it clipped and is known."""

    name: str
    lines: list[dict[str, Any]]
    colour: str
    theta: float = 0.0

    def points(self, figure: str) -> tuple[list[int], list[float]]:
        """The epochs that have that figure, and its values."""
        having = [line for line in self.lines if line[figure] is not None]
        return [line["epoch"] for line in having], [line[figure] for line in having]

    @property
    def may_have_clipped(self) -> bool:
        """Logs of earlier versions do not tell; a counted model has no gradient."""
        return any(line["gradient_norm"] is not None and line["clipped"] != 0 for line in self.lines)


def _theta(folder: Path) -> float:
    """The value of ``--clip`` of the training in a folder; 0 if that is off, or no checkpoint is there to tell."""
    from lyricgen import files
    from lyricgen.model.checkpoint import BEST, LAST, training_options

    path = next((folder / name for name in (BEST, LAST) if files.is_file(folder / name)), None)
    return training_options(path).clip if path else 0.0


def _draw(runs: Sequence[_Run], title: str, file: IO[bytes], kind: str) -> None:
    from lyricgen.cli import drawing

    plt = drawing.open_pyplot()
    panels = [panel for panel in _PANELS if any(run.points(panel.figure)[0] for run in runs)]
    heights = [panel.height for panel in panels]
    figure, column = plt.subplots(
        len(panels), sharex=True, squeeze=False, figsize=(8, 1 + sum(heights)), layout="constrained",
        gridspec_kw={"height_ratios": heights},
    )  # fmt: skip
    for panel, axes in zip(panels, column[:, 0]):
        panel.draw(axes, runs)
        drawing.use_log(axes)
        axes.grid(alpha=0.3)
    column[0, 0].set_title(title)
    axes.set_xlabel("epoch")
    axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    drawing.save(figure, file, kind)


def _plot(axes: Any, run: _Run, figure: str, **style: Any) -> None:
    epochs, values = run.points(figure)
    if epochs:
        axes.plot(epochs, values, color=run.colour, **style)


def _draw_perplexity(axes: Any, runs: Sequence[_Run]) -> None:
    for run in runs:
        _plot(axes, run, "train_perplexity", label=f"{run.name}: training", marker=".")
        _plot(axes, run, "valid_perplexity", label=f"{run.name}: validation", marker=".", linestyle="--")
    axes.set_ylabel("perplexity")
    axes.legend()


def _draw_norm(axes: Any, runs: Sequence[_Run]) -> None:
    """The mean norm, θ dashed; against an axis on the right the share of the steps clipped, as a thin line."""
    for run in runs:
        _plot(axes, run, "gradient_norm", marker=".")
        if run.theta:
            axes.axhline(run.theta, color=run.colour, linestyle="--", linewidth=1)
    axes.set_ylabel("gradient norm\n(dashed: θ)" if any(run.theta for run in runs) else "gradient norm")
    if any(run.points("clipped")[0] for run in runs):
        shares = axes.twinx()
        for run in runs:
            _plot(shares, run, "clipped", linewidth=0.7)
        shares.set(ylabel="steps clipped\n(thin line)", ylim=(-0.02, 1.02))
        shares.yaxis.set_major_formatter("{x:.0%}")


def _draw_rate(axes: Any, runs: Sequence[_Run]) -> None:
    for run in runs:
        _plot(axes, run, "learning_rate", marker=".")
    axes.set_ylabel("learning rate")


class _Panel(NamedTuple):
    """A part of the picture: the figure of the log without which there is none, its height in inches."""

    figure: str
    height: float
    draw: Callable[[Any, Sequence[_Run]], None]


_PANELS = (
    _Panel("train_perplexity", 4.0, _draw_perplexity),
    _Panel("gradient_norm", 1.8, _draw_norm),
    _Panel("learning_rate", 1.3, _draw_rate),
)
