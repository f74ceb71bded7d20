"""``lyricgen plot``: the logs of trainings -> a picture of their perplexities."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from lyricgen.cli.options import PATH, command, expand, option, put, say
from lyricgen.errors import FileError, MissingError, OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

_KINDS = (".png", ".svg")
_FONTS = [
    "DejaVu Sans",
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Zen Hei", "PingFang SC", "Microsoft YaHei",
    "SimHei", "Hiragino Sans GB", "Heiti TC", "Arial Unicode MS",
]  # fmt: skip


@command("plot")
@click.argument("runs", nargs=-1, type=PATH, metavar="[RUN]...", callback=expand)
@option(
    "-o", "--output", type=PATH, default=Path("perplexity.png"), show_default=True,
    help="File to write, .png or .svg.",
)  # fmt: skip
@option("--title", default="", help="Words above the picture.")
@option("-f", "--force", is_flag=True, help="Replace an existing file.")
def plot(runs: tuple[Path, ...], output: Path, title: str, force: bool) -> None:
    """Draw training and validation perplexity over the epochs.

    RUN is a folder of `lyricgen train`, or a checkpoint in one. [default: checkpoints] Prints the file's path.
    """
    from lyricgen import files
    from lyricgen.model.checkpoint import DEFAULT_FOLDER, LOG
    from lyricgen.model.log import read

    files.check_new(output, force=force)
    if output.suffix not in _KINDS:
        raise OptionError(f"-o: {output} ends in neither .png nor .svg")
    named = [run.parent if files.is_file(run) else run for run in runs or (Path(DEFAULT_FOLDER),)]
    records = [read(run / LOG) for run in named]
    for run, lines in zip(named, records):
        if not lines:
            raise FileError(f"{run}: has no {LOG} with an epoch in it; name a folder of `lyricgen train`")
    with files.product(output, force=force) as file:
        _draw(named, records, title, file, output.suffix[1:])
    put(str(output))


def _draw(
    runs: Sequence[Path], records: Sequence[list[dict[str, Any]]], title: str, file: IO[bytes], kind: str
) -> None:
    try:
        import matplotlib
    except ImportError:
        raise MissingError('matplotlib is not installed: pip install "matplotlib>=3.6"') from None
    matplotlib.use("Agg")
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    import matplotlib.pyplot as plt
    from matplotlib import font_manager

    from lyricgen.text.corpus import shown

    known = {font.name for font in font_manager.fontManager.ttflist}
    plt.rcParams["text.parse_math"] = False
    plt.rcParams["font.family"] = [font for font in _FONTS if font in known]
    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    for number, (run, lines) in enumerate(zip(runs, records)):
        epochs, colour, name = [line["epoch"] for line in lines], f"C{number}", shown(str(run))
        axes.plot(epochs, [line["train_perplexity"] for line in lines], colour, label=f"{name}: training", marker=".")
        held_out = [line["valid_perplexity"] for line in lines]
        if None not in held_out:
            axes.plot(epochs, held_out, colour, linestyle="--", label=f"{name}: validation", marker=".")
    axes.set(xlabel="epoch", ylabel="perplexity", yscale="log", title=shown(title))
    axes.grid(alpha=0.3)
    axes.legend()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        figure.savefig(file, format=kind, dpi=150)
    plt.close(figure)
    if any("Glyph" in str(warning.message) for warning in caught):
        say("Warning: no font here has all of these characters; a Chinese one is in fonts-noto-cjk (Debian, Ubuntu)")
