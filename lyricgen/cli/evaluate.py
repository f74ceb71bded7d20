"""``lyricgen evaluate``: how well a model foresees a text, beside what knows less."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lyricgen import memory
from lyricgen.cli.models import model_options, open_models
from lyricgen.cli.options import say, show
from lyricgen.errors import FileError

if TYPE_CHECKING:
    from lyricgen.api import Model
    from lyricgen.model.checkpoint import Checkpoint
    from lyricgen.model.scoring import Score
    from lyricgen.text.dataset import Dataset
    from lyricgen.text.vocabulary import Ids

_SHOWN = 40


@click.command()
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@model_options
@click.option("--encoding", default="utf-8", show_default=True, help="Encoding of the sources.")
@click.option(
    "--baselines/--no-baselines", default=True, show_default=True,
    help="Beside it, models that only count, made from the same training text.",
)  # fmt: skip
@click.option(
    "--html", "page", type=click.Path(path_type=Path),
    help="Write a page that colours each character by its surprisal and shows what was expected instead.",
)  # fmt: skip
@click.option("--accuracy", is_flag=True, help="Also how often the likeliest character is the right one.")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON, with the figures of each song and line.")
def evaluate(
    sources: tuple[str, ...], paths: tuple[Path, ...], weights: str | None, cache: bool, encoding: str, baselines: bool,
    page: Path | None, accuracy: bool, as_json: bool,
) -> None:  # fmt: skip
    """Measure perplexity and bits per character on a text.

    SOURCE is anything that `lyricgen prepare` reads. Without one, the test part of dataset.safetensors of this folder
    is used (the validation part if there is no test part), or else that of the embedded corpus. A bidirectional model
    foresees each character from both sides.
    """
    from lyricgen.api import find_dataset, validation_part
    from lyricgen.model import scoring

    memory.keep_freed()
    name, data = find_dataset()
    part = None if sources else "test" if len(data.test) else "valid"

    def fit_on(checkpoint: Checkpoint) -> Ids | None:
        return None if part == "valid" else validation_part(checkpoint, data)  # never on what is measured

    models = open_models(paths, weights, cached=cache, fit_on=fit_on, bidirectional=True)
    vocabulary = models.checkpoint.vocabulary
    if part:
        say(f"text        the {part} part of {name}")
        text = data.vocabulary.decode(data.splits[part])
    else:
        text = _read(sources, encoding, models.checkpoint)
    ids = vocabulary.encode(text)
    if len(ids) < 2:
        raise FileError(f"{', '.join(sources) or 'the held-out part'}: too short; two characters are the least")
    probabilities = models.model.probabilities(ids)
    score = scoring.score(probabilities, ids)
    hits = scoring.accuracy(models.model, ids) if accuracy else None
    if page:
        from lyricgen.cli import page as pages

        pages.write(
            page,
            models.model,
            vocabulary,
            text,
            title=f"{', '.join(sources) or name}, perplexity {score.perplexity:.2f}",
        )
    known_training = data.fingerprint == models.checkpoint.dataset
    below = _baselines(ids, len(vocabulary), data if known_training else None) if baselines else {}
    if as_json:
        pieces = {
            kind: [_figures(score, text=words) for words, score in scoring.parts(probabilities, ids, text, separator)]
            for kind, separator in (("songs", "\n\n"), ("lines", "\n"))
        }
        shares = models.weights.tolist() if models.weights is not None else None
        each = {name: _figures(score) for name, score in below.items()}
        found = {} if hits is None else {"accuracy": hits}
        click.echo(
            json.dumps({**_figures(score), **found, "weights": shares, "baselines": each, **pieces}, ensure_ascii=False)
        )
    else:
        _print(models, cache, score, hits, below)


def _read(sources: tuple[str, ...], encoding: str, checkpoint: Checkpoint) -> str:
    from lyricgen.text import corpus

    return "".join(corpus.read(sources, encoding=encoding, newlines=checkpoint.newlines))


def _baselines(ids: Ids, size: int, data: Dataset | None) -> dict[str, Score]:
    """What knows less: nothing at all, the frequencies of the training text, its n-grams."""
    import numpy as np

    from lyricgen.config import ModelConfig
    from lyricgen.model import ngram
    from lyricgen.model.scoring import score

    found, longest = {"uniform": score(np.full(len(ids) - 1, 1 / size), ids)}, ModelConfig().order
    if data is None:
        return found
    for name, order in (("unigram", 1), (f"{longest}-gram", longest)):
        counted = ngram.NGram(ngram.estimate(data.train, order, size), order, size)
        found[name] = score(counted.probabilities(ids), ids)
    return found


def _figures(score: Score, **more: Any) -> dict[str, Any]:
    figures = {
        "characters": score.characters,
        "unknown": score.unknown,
        "perplexity": score.perplexity,
        "bits_per_character": score.bits_per_character,
    }
    return {**figures, **more}


def _print(models: Model, cached: bool, score: Score, hits: float | None, below: Mapping[str, Score]) -> None:
    model = models.checkpoint.model
    name = ("bidirectional " if model.bidirectional else "") + model.cell
    name = name if models.weights is None else "mixture" + (" with cache" if cached else "")
    click.echo(f"characters          {score.characters:,}")
    click.echo(
        f"unknown             {score.unknown:,} ({score.unknown / score.characters:.1%}), each as the unknown one"
    )
    click.echo(f"perplexity          {score.perplexity:.2f}")
    click.echo(f"bits per character  {score.bits_per_character:.3f}")
    if hits is not None:
        click.echo(f"accuracy            {hits:.1%}")
    if below:
        click.echo(f"\n{'model':<20}{'perplexity':>12}{'bits per character':>20}")
        for label, each in {name: score, **below}.items():
            click.echo(f"{show(label, _SHOWN):<20}{each.perplexity:>12.2f}{each.bits_per_character:>20.3f}")
