"""The logs of trainings -> a picture of perplexity, gradient norm and learning rate over the epochs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from lyricgen import files
from lyricgen.cli import pyplot
from lyricgen.errors import FileError
from lyricgen.model.checkpoint import BEST, LAST, LOG, training_options
from lyricgen.model.log import Record, read
from lyricgen.text.corpus import shown


def draw(runs: Sequence[Path], file: IO[bytes], kind: str) -> list[dict[str, Any]]:
    """Draw the trainings in these folders (or of checkpoints in them), and return their logs."""
    folders = [run.parent if files.is_file(run) else run for run in runs]
    drawn = [_Run(shown(str(folder)), read(folder / LOG), f"C{number}") for number, folder in enumerate(folders)]
    for folder, run in zip(folders, drawn):
        if not run.lines:
            raise FileError(f"{folder}: has no {LOG} with an epoch in it; name a folder of `lyricgen train`")
        if run.may_have_clipped:
            run.theta = _theta(folder)
    _draw(drawn, file, kind)
    return [{"run": run.name, "epochs": [dataclasses.asdict(line) for line in run.lines]} for run in drawn]


@dataclasses.dataclass
class _Run:
    """A training as it is drawn: its name, the lines of its log, its colour, and θ where it clipped and is known."""

    name: str
    lines: list[Record]
    colour: str
    theta: float = 0.0

    def points(self, figure: str) -> tuple[list[int], list[float]]:
        """Return the epochs that have that figure, and its values."""
        values = [(line.epoch, getattr(line, figure)) for line in self.lines if getattr(line, figure) is not None]
        return [epoch for epoch, _ in values], [value for _, value in values]

    @property
    def may_have_clipped(self) -> bool:
        """Whether any step was clipped; an n-gram model has no gradient."""
        return any(line.clipped for line in self.lines)


def _theta(folder: Path) -> float:
    """Return ``--clip`` of the training in a folder; 0 if it is off, or there is no checkpoint to read it from."""
    path = next((folder / name for name in (BEST, LAST) if files.is_file(folder / name)), None)
    return training_options(path).clip if path else 0.0


def _draw(runs: Sequence[_Run], file: IO[bytes], kind: str) -> None:
    plt = pyplot.open_pyplot()
    panels = [panel for panel in _PANELS if any(run.points(panel.figure)[0] for run in runs)]
    heights = [panel.height for panel in panels]
    figure, column = plt.subplots(
        len(panels),
        sharex=True,
        squeeze=False,
        figsize=(8, 1 + sum(heights)),
        layout="constrained",
        gridspec_kw={"height_ratios": heights},
    )
    for panel, axes in zip(panels, column[:, 0]):
        panel.draw(axes, runs)
        pyplot.use_log(axes)
        axes.grid(alpha=0.3)
    axes.set_xlabel("epoch")
    axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    pyplot.save(figure, file, kind)


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
    """Draw the mean norm, θ dashed; on an axis at the right, the share of the steps clipped as a thin line."""
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
    """A part of the picture: the figure of the log that it needs, its height in inches, and its drawing function."""

    figure: str
    height: float
    draw: Callable[[Any, Sequence[_Run]], None]


_PANELS = (
    _Panel("train_perplexity", 4.0, _draw_perplexity),
    _Panel("gradient_norm", 1.8, _draw_norm),
    _Panel("learning_rate", 1.3, _draw_rate),
)
