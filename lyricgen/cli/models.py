"""The options by which a command takes one model or several, and the model that they make together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Callable

from lyricgen.cli.options import PATH, Decorated, option, say
from lyricgen.config import MODEL
from lyricgen.errors import OptionError

if TYPE_CHECKING:
    from lyricgen.api import Model
    from lyricgen.model.checkpoint import Checkpoint
    from lyricgen.text.dataset import Dataset


def checkpoint_option(*, multiple: bool) -> Callable[[Decorated], Decorated]:
    """``--checkpoint``."""
    several = "; several are mixed (repeatable)" if multiple else ""
    return option(
        "-c", "--checkpoint", multiple=multiple, type=PATH,
        default=["checkpoints"] if multiple else Path("checkpoints"), show_default="checkpoints", group=MODEL,
        help=f"A checkpoint, a folder's best one, or zh, which comes with lyricgen{several}.",
    )  # fmt: skip


def dataset_option(help: str) -> Callable[[Decorated], Decorated]:
    """``--dataset``."""
    return option(
        "--dataset", metavar="FILE", group=MODEL, help=help + " [default: the model's own, in its checkpoint]"
    )


def model_options(command: Decorated) -> Decorated:
    """Add ``--checkpoint``, ``--weights``, ``--cache``, ``--ngram`` and ``--dataset``."""
    options: list[Callable[[Decorated], Decorated]] = [
        checkpoint_option(multiple=True),
        option(
            "--weights", metavar="X,Y,...", group=MODEL,
            help="Shares of several checkpoints. [default: fitted on the validation part of the text]",
        ),
        option("--cache", is_flag=True, group=MODEL, help="Mix in a model of the song so far: refrains come back."),
        option(
            "--ngram/--no-ngram", default=True, show_default=True, group=MODEL,
            help="Use the n-grams that were counted beside a network.",
        ),
        dataset_option("The text whose held-out parts are used."),
    ]  # fmt: skip
    for each in reversed(options):
        command = each(command)
    return command


def open_models(
    checkpoint: Sequence[Path],
    weights: str | None,
    cache: bool,
    dataset: str | None,
    *,
    ngram: bool,
    engine: str = "numpy",
    bidirectional: bool = False,
    measures: bool = False,
    fit: bool = True,
) -> Model:
    """The model that these options name; says with what shares several are mixed, if they were fitted."""
    from lyricgen import api

    given = None if weights is None else _parse(weights)
    if dataset is not None and not measures and (given or not (cache or len(checkpoint) > 1)):
        raise OptionError("--dataset: has no effect where no weights are fitted; leave it out")
    data = open_dataset(dataset)
    model = api.load(
        *checkpoint, weights=given, cache=cache, dataset=data, engine=engine, bidirectional=bidirectional, fit=fit,
        ngram=ngram,
    )  # fmt: skip
    own = data is not None and data.fingerprint == model.checkpoint.dataset  # of a base it may know more characters
    if data and not own and data.vocabulary != model.checkpoint.vocabulary:
        theirs, ours = len(data.vocabulary) - 1, len(model.checkpoint.vocabulary) - 1
        say(f"Warning: {dataset} is not the model's dataset: it has {theirs:,} characters, the model {ours:,}")
    if model.fit and model.fit.characters:
        shown = " ".join(f"{share:.3f}" for share in model.fit.mean)
        last = " (the last is the cache)" if cache else ""
        say(f"weights     {shown}{last}, fitted on {model.fit.characters:,} characters")
    elif model.fit and len(checkpoint) > 1:
        say("weights     equal: there is no validation text to fit them on")
    return model


def own_or_shipped(usual: Path) -> Path:
    """The usual folder, or where no model is in it the one that comes with the program."""
    from lyricgen import files
    from lyricgen.model.checkpoint import BEST, SHIPPED

    if files.status(usual) and (not files.is_folder(usual) or files.status(usual / BEST)):
        return usual
    say(f"model       {SHIPPED}, which comes with lyricgen (no {usual} here)")
    return Path(SHIPPED)


def open_dataset(source: str | None) -> Dataset | None:
    """What ``--dataset`` names."""
    from lyricgen import api

    return None if source is None else api.find_dataset(source)[1]


def _parse(weights: str) -> list[float]:
    try:
        return [float(part) for part in weights.split(",")]
    except ValueError:
        raise OptionError(f"--weights: {weights!r} is not a list of numbers like 0.4,0.6") from None


def warn_of_unknown(checkpoint: Checkpoint, text: str) -> None:
    """Say which characters of a text the model reads as unknown."""
    from lyricgen.text.prompt import normalise_prompt

    unknown = checkpoint.vocabulary.unknown_in(normalise_prompt(checkpoint.vocabulary, text))
    if unknown:
        say(f"Warning: this model never saw {' '.join(unknown)}; it reads them as unknown")
