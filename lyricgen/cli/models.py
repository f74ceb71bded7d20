"""The options by which a command takes one model or several, and the model that they make together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, cast

import click

from lyricgen.cli.options import Decorated, say
from lyricgen.errors import FileError, OptionError

if TYPE_CHECKING:
    from lyricgen.model.cells import Bidirectional
    from lyricgen.model.checkpoint import Checkpoint
    from lyricgen.text.dataset import Dataset
    from lyricgen.text.vocabulary import Ids
    from lyricgen.writing.decoder import Decoder
    from lyricgen.writing.mixture import Weights

_FITTED_ON = 20_000  # characters of the validation part: more change the weights by little


class Models(NamedTuple):
    """What to write or score with; the first checkpoint speaks for all (they share vocabulary and line ends)."""

    checkpoint: Checkpoint
    model: Decoder | Bidirectional
    weights: Weights | None = None  # of a mixture

    @property
    def decoder(self) -> Decoder:
        assert not self.checkpoint.model.bidirectional
        return cast("Decoder", self.model)


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
    fit_on: Callable[[Checkpoint], Ids | None],
    engine: str = "numpy",
    bidirectional: bool = False,
) -> Models:
    """Load the checkpoints and mix them.

    ``fit_on`` gives a text to fit the weights on, or None: then the models weigh alike. A bidirectional network is not
    mixed with others, and is refused unless it is asked for.
    """
    from lyricgen.model import checkpoint as checkpoints
    from lyricgen.model.cells import Bidirectional

    loaded = [checkpoints.load(path) for path in paths]
    first = loaded[0]
    for path, other in zip(paths, loaded):
        if other.vocabulary != first.vocabulary or other.newlines != first.newlines:
            raise FileError(
                f"{path}: has another vocabulary than {paths[0]}; train both on the same dataset to mix them"
            )
    for path, checkpoint in zip(paths, loaded):
        if checkpoint.model.bidirectional and not (bidirectional and len(loaded) == 1 and not cached):
            raise FileError(
                f"{path}: is a bidirectional model, which only fills blanks (lyricgen fill) and is not mixed; "
                "this takes one that was trained without --bidirectional"
            )
    given = _parse(weights, len(loaded))
    if first.model.bidirectional:
        return Models(first, Bidirectional(first.model, first.parameters))
    decoders = [_decoder(checkpoint, engine) for checkpoint in loaded]
    if len(loaded) == 1 and not cached:
        return Models(first, decoders[0], None)

    from lyricgen.writing import mixture

    if given is not None:
        chosen = mixture.with_cache(given) if cached else given[None]
    else:
        chosen = _fit(decoders, fit_on(first), cached)
    return Models(first, mixture.Mixture(decoders, chosen, len(first.vocabulary)), chosen)


def _decoder(checkpoint: Checkpoint, engine: str) -> Decoder:
    if engine == "mxnet" and checkpoint.model.cell != "ngram":
        from lyricgen.engine.decoder import NetworkDecoder
        from lyricgen.engine.network import Network

        return NetworkDecoder(Network(checkpoint.model, checkpoint.parameters))
    return checkpoint.decoder()


def _parse(weights: str | None, count: int) -> Any:
    import numpy as np

    if weights is None:
        return None
    try:
        values = np.array([float(part) for part in weights.split(",")])
    except ValueError:
        raise OptionError(f"--weights: {weights!r} is no list of numbers like 0.4,0.6") from None
    if len(values) != count:
        raise OptionError(f"--weights: {len(values)} numbers for {count} checkpoints; name one for each -c")
    if not np.all(np.isfinite(values)) or np.any(values < 0) or not values.sum():
        raise OptionError(f"--weights: {weights} are no shares; none may be negative, not all zero")
    return values / values.sum()


def _fit(decoders: Sequence[Decoder], ids: Ids | None, cached: bool) -> Weights:
    import numpy as np

    from lyricgen.writing import cache, mixture

    if ids is None or len(ids) < 2:
        chosen = mixture.equal_weights(len(decoders), cached=cached)
        if len(decoders) > 1:
            say("weights     alike: no validation text of their dataset here to fit them on")
        return chosen
    probabilities, lengths = mixture.foresee(decoders, ids[:_FITTED_ON], cached=cached)
    fitted = mixture.fit(probabilities, lengths, cache.LONGEST + 1 if cached else 1)
    counts = np.bincount(lengths, minlength=len(fitted))
    mean = (fitted * counts[:, None]).sum(axis=0) / counts.sum()
    shown = " ".join(f"{share:.3f}" for share in mean)
    say(f"weights     {shown}{' (the last is the cache)' if cached else ''}, fitted on {len(lengths):,} characters")
    return fitted


def dataset_at_hand() -> tuple[str, Dataset]:
    """``dataset.safetensors`` of this folder, else the embedded corpus; with its name."""
    from lyricgen.config import PrepareConfig
    from lyricgen.text import dataset as datasets

    path = Path(datasets.DEFAULT_FILE)
    if path.exists():
        return str(path), datasets.load(path)
    return "the embedded corpus", datasets.prepare([], PrepareConfig())


def validation_part(checkpoint: Checkpoint, data: Dataset | None = None) -> Ids | None:
    """The validation part of a dataset, that at hand unless another is given, if it has the checkpoint's vocabulary."""
    data = data or dataset_at_hand()[1]
    if data.vocabulary != checkpoint.vocabulary or checkpoint.newlines != data.config.newlines:
        return None
    ids: Ids = data.valid
    return ids


def warn_of_unknown(checkpoint: Checkpoint, text: str) -> None:
    """Say which characters of a text the model reads as unknown."""
    from lyricgen.writing.generation import as_taught

    unknown = checkpoint.vocabulary.unknown_in(as_taught(checkpoint.vocabulary, text))
    if unknown:
        say(f"Warning: this model never saw {' '.join(unknown)}; it reads an unknown character instead")
