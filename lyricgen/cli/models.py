"""The options by which a command takes a model, and the model that they open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lyricgen import files
from lyricgen.api import Model, load
from lyricgen.cli.options import PATH, Decorated, option, say
from lyricgen.config import MODEL
from lyricgen.model.checkpoint import BEST, DEFAULT_FOLDER, SHIPPED, Checkpoint
from lyricgen.text.prompt import normalise_prompt


def checkpoint_option(command: Decorated) -> Decorated:
    """Add ``--checkpoint``."""
    return option(
        "-c",
        "--checkpoint",
        type=PATH,
        group=MODEL,
        help=f"A checkpoint, a folder's best one, or {SHIPPED}, which comes with lyricgen. [default: {DEFAULT_FOLDER}]",
    )(command)


def dataset_option(help: str) -> Callable[[Decorated], Decorated]:
    """Add ``--dataset``."""
    return option(
        "--dataset", metavar="FILE", group=MODEL, help=help + " [default: the model's own, in its checkpoint]"
    )


def model_options(command: Decorated) -> Decorated:
    """Add ``--checkpoint`` and ``--cache``."""
    cached = option("--cache", is_flag=True, group=MODEL, help="Mix in a model of the song so far: refrains come back.")
    return checkpoint_option(cached(command))


def open_model(checkpoint: Path | None, *, cache: bool = False) -> Model:
    """Open the model that these options name."""
    model = load(own_or_shipped(checkpoint), cache=cache)
    say_weights(model)
    return model


def say_weights(model: Model) -> None:
    """Say what share each part of a mixture has, if the shares were fitted."""
    if model.fit:
        shown = " : ".join(f"{share:.3f}" for share in model.fit.mean)
        say(f"weights     {shown} (the last is the cache), fitted on {model.fit.characters:,} characters")


def own_or_shipped(checkpoint: Path | None) -> Path:
    """Return the model that was named, or that of the usual folder, or else the one that comes with lyricgen."""
    usual = Path(DEFAULT_FOLDER)
    if checkpoint is not None:
        return checkpoint
    if files.status(usual) and (not files.is_folder(usual) or files.status(usual / BEST)):
        return usual
    say(f"model       {SHIPPED}, which comes with lyricgen (no {usual} here)")
    return Path(SHIPPED)


def warn_of_unknown(checkpoint: Checkpoint, text: str) -> None:
    """Say which characters of a text the model reads as unknown."""
    unknown = checkpoint.vocabulary.unknown_in(normalise_prompt(checkpoint.vocabulary, text))
    if unknown:
        say(f"Warning: this model never saw {' '.join(unknown)}; it reads them as unknown")
