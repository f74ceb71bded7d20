"""The options by which a command takes one model or several, and the model that they make together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Callable

import click

from lyricgen.cli.options import Decorated, say
from lyricgen.errors import OptionError

if TYPE_CHECKING:
    from lyricgen.api import Model
    from lyricgen.model.checkpoint import Checkpoint
    from lyricgen.text.vocabulary import Ids


def model_options(command: Decorated) -> Decorated:
    """Add ``--checkpoint``, ``--weights`` and ``--cache``."""
    options: list[Callable[[Decorated], Decorated]] = [
        click.option(
            "-c", "--checkpoint", "paths", multiple=True, type=click.Path(path_type=Path), default=["checkpoints"],
            show_default="checkpoints", help="A checkpoint, or a folder's best one; several are mixed (repeatable).",
        ),
        click.option(
            "--weights", metavar="X,Y,...",
            help="Shares of several checkpoints. [default: fitted on the validation part of dataset.safetensors]",
        ),
        click.option("--cache", is_flag=True, help="Mix in what this text has said so far: refrains come back."),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def open_models(
    paths: Sequence[Path],
    weights: str | None,
    *,
    cached: bool,
    fit_on: Callable[[Checkpoint], Ids | None] | None = None,
    engine: str = "numpy",
    bidirectional: bool = False,
) -> Model:
    """The model that these options name; says with what shares several are mixed, if that was found out."""
    from lyricgen import api

    given = None if weights is None else _parse(weights)
    model = api.load(*paths, weights=given, cache=cached, engine=engine, bidirectional=bidirectional, fit_on=fit_on)
    if model.fit and model.fit.characters:
        shown = " ".join(f"{share:.3f}" for share in model.fit.mean)
        last = " (the last is the cache)" if cached else ""
        say(f"weights     {shown}{last}, fitted on {model.fit.characters:,} characters")
    elif model.fit and len(paths) > 1:
        say("weights     alike: no validation text of their dataset here to fit them on")
    return model


def _parse(weights: str) -> list[float]:
    try:
        return [float(part) for part in weights.split(",")]
    except ValueError:
        raise OptionError(f"--weights: {weights!r} is no list of numbers like 0.4,0.6") from None


def warn_of_unknown(checkpoint: Checkpoint, text: str) -> None:
    """Say which characters of a text the model reads as unknown."""
    from lyricgen.text.prompt import normalise_prompt

    unknown = checkpoint.vocabulary.unknown_in(normalise_prompt(checkpoint.vocabulary, text))
    if unknown:
        say(f"Warning: this model never saw {' '.join(unknown)}; it reads an unknown character instead")
