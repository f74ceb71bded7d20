"""``lyricgen evaluate``: how well a model predicts a text, beside simpler models."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from lyricgen import api
from lyricgen.cli.models import dataset_option, model_options, own_or_shipped, say_weights
from lyricgen.cli.options import command, encoding_option, expand, option, put, say, show, to_json
from lyricgen.config import MODEL
from lyricgen.model import evaluation
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.model.evaluation import Evaluation
from lyricgen.model.scoring import Score, show_number
from lyricgen.text.dataset import Dataset, open_sources

_SHOWN = 40


@command("evaluate")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...", callback=expand)
@model_options
@option(
    "--ngram/--no-ngram",
    default=True,
    show_default=True,
    group=MODEL,
    help="Use the n-grams that were counted beside a network.",
)
@dataset_option("The text whose held-out part is measured.")
@encoding_option
@option(
    "--baselines/--no-baselines",
    default=True,
    show_default=True,
    help="Also score simpler models (uniform, unigram, n-gram) made from the same training text.",
)
@option("--json", is_flag=True, help="Print a line of JSON, with the figures of each song and line.")
def evaluate(
    sources: tuple[str, ...],
    checkpoint: Path | None,
    cache: bool,
    ngram: bool,
    dataset: str | None,
    encoding: str,
    baselines: bool,
    json: bool,
) -> None:
    """Measure perplexity and bits per character on a text.

    SOURCE is anything that `lyricgen prepare` reads. Without one, the model's own test part is used (its validation
    part if there is no test part), which its checkpoint keeps. A bidirectional model predicts each character from both
    sides.
    """
    path = own_or_shipped(checkpoint)
    data = None if dataset is None else open_sources([dataset])
    model, text = api.load_to_evaluate(path, *sources, encoding=encoding, dataset=data, cache=cache, ngram=ngram)
    if data is not None:
        _warn_of_other(data, str(dataset), model.checkpoint)
    say_weights(model)
    evaluated = evaluation.evaluate(model.model, model.checkpoint, text, baselines=baselines)
    if not sources:
        say(f"text        {text.name}")
    if json:
        put(to_json(_all_figures(model, evaluated)))
    else:
        _print(model, evaluated)


def _warn_of_other(data: Dataset, name: str, checkpoint: Checkpoint) -> None:
    """Say if a dataset is not the one that the model was trained on, and has other characters."""
    is_own = data.fingerprint == checkpoint.dataset  # of a base it may know more characters
    if not is_own and data.vocabulary != checkpoint.vocabulary:
        theirs, ours = len(data.vocabulary) - 1, len(checkpoint.vocabulary) - 1
        say(f"Warning: {name} is not the model's dataset: it has {theirs:,} characters, the model {ours:,}")


def _all_figures(model: api.Model, evaluated: Evaluation) -> dict[str, Any]:
    pieces = {"songs": evaluated.songs(), "lines": evaluated.lines()}
    return {
        **_figures(evaluated),
        "accuracy": evaluated.accuracy,
        "weights": None if model.weights is None else model.weights.tolist(),
        "baselines": {name: _figures(score) for name, score in evaluated.baselines.items()},
        **{kind: [_figures(score, text=text) for text, score in scores] for kind, scores in pieces.items()},
    }


def _figures(score: Score, **more: Any) -> dict[str, Any]:
    figures = {
        "characters": score.characters,
        "unknown": score.unknown,
        "perplexity": score.perplexity,
        "bits_per_character": score.bits_per_character,
    }
    return {**figures, **more}


def _print(model: api.Model, evaluated: Evaluation) -> None:
    put(f"characters          {evaluated.characters:,}")
    share = evaluated.unknown / evaluated.characters
    put(f"unknown             {evaluated.unknown:,} ({share:.1%}), each as the unknown one")
    put(f"perplexity          {show_number(evaluated.perplexity)}")
    put(f"bits per character  {evaluated.bits_per_character:.3f}")
    put(f"accuracy            {evaluated.accuracy:.1%}")
    of_songs = sorted(score.perplexity for _, score in evaluated.songs())
    if len(of_songs) > 1:
        least, most = map(show_number, (of_songs[0], of_songs[-1]))
        median = show_number(statistics.median(of_songs))
        put(f"by song             {median} in the median, {least} to {most} ({len(of_songs):,} songs)")
    if evaluated.baselines:
        put(f"\n{'model':<20}{'perplexity':>12}{'bits per character':>20}")
        scores: Mapping[str, Score] = {_name(model): evaluated, **evaluated.baselines}
        for label, score in scores.items():
            put(f"{show(label, _SHOWN):<20}{show_number(score.perplexity):>12}{score.bits_per_character:>20.3f}")


def _name(model: api.Model) -> str:
    config, counted = model.checkpoint.model, model.checkpoint.counted
    name = ("bidirectional " if config.bidirectional else "") + config.cell
    name += f" + {config.order}-gram" if counted else ""
    parts = 1 if model.weights is None else model.weights.shape[1]
    return name + (" with cache" if parts > len(model.checkpoint.shares) else "")
