"""``lyricgen evaluate``: how well a model predicts a text, beside simpler models."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lyricgen.cli.models import model_options, open_dataset, open_models
from lyricgen.cli.options import PATH, command, encoding_option, expand, option, put, say, show, show_number, to_json

if TYPE_CHECKING:
    from lyricgen.api import Evaluation, Model
    from lyricgen.model.scoring import Score

_SHOWN = 40


@command("evaluate")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...", callback=expand)
@model_options
@encoding_option
@option(
    "--baselines/--no-baselines", default=True, show_default=True,
    help="Beside it, models that only count, made from the same training text.",
)  # fmt: skip
@option(
    "--html", metavar="FILE", type=PATH,
    help="Write a page that colours each character by its surprisal and shows what was expected instead.",
)  # fmt: skip
@option("-f", "--force", is_flag=True, help="Replace an existing page.")
@option("--accuracy", is_flag=True, help="Also how often the likeliest character is the right one.")
@option("--json", is_flag=True, help="Print a line of JSON, with the figures of each song and line.")
def evaluate(
    sources: tuple[str, ...], checkpoint: tuple[Path, ...], weights: str | None, cache: bool, dataset: str | None,
    ngram: bool, encoding: str, baselines: bool, html: Path | None, force: bool, accuracy: bool, json: bool,
) -> None:  # fmt: skip
    """Measure perplexity and bits per character on a text.

    SOURCE is anything that `lyricgen prepare` reads. Without one, the model's own test part is used (its validation
    part if there is no test part), which its checkpoint keeps. A bidirectional model predicts each character from both
    sides.
    """
    from lyricgen import api, files

    if html:
        files.check_new(html, force=force)
    data = open_dataset(dataset)
    fit = bool(sources) or api.measures_test_part(checkpoint[0], data)
    model = open_models(
        checkpoint, weights, cache, dataset, ngram=ngram, bidirectional=True, measures=not sources, fit=fit
    )
    found = model.evaluate(*sources, encoding=encoding, dataset=data, accuracy=accuracy, baselines=baselines)
    if not sources:
        say(f"text        {found.measured.name}")
    if html:
        _write_page(html, model, found, force=force)
    page = {"html": str(html)} if html else {}
    if json:
        put(to_json({**_all_figures(model, found), **page}))
    else:
        _print(model, cache, found)
        for path in page.values():
            put(path)


def _write_page(path: Path, model: Model, found: Evaluation, *, force: bool) -> None:
    from lyricgen.cli import page
    from lyricgen.errors import FileError
    from lyricgen.inspection.expectation import expectation
    from lyricgen.inspection.views import Inspection

    name, text, ids = found.measured.name, found.measured.text, found.measured.ids
    if len(text) > page.MOST:
        raise FileError(f"--html: {len(text):,} characters are too many for a page, {page.MOST:,} are the most")
    expected = expectation(model.model, ids)
    page.write(
        path, Inspection(name, text, ids, model.checkpoint.vocabulary, found.perplexity, (expected,)), force=force
    )


def _all_figures(model: Model, found: Evaluation) -> dict[str, Any]:
    pieces = {"songs": found.songs(), "lines": found.lines()}
    return {
        **_figures(found),
        **({} if found.accuracy is None else {"accuracy": found.accuracy}),
        "weights": None if model.weights is None else model.weights.tolist(),
        "baselines": {name: _figures(score) for name, score in found.baselines.items()},
        **{kind: [_figures(score, text=text) for text, score in each] for kind, each in pieces.items()},
    }


def _figures(score: Score, **more: Any) -> dict[str, Any]:
    figures = {
        "characters": score.characters,
        "unknown": score.unknown,
        "perplexity": score.perplexity,
        "bits_per_character": score.bits_per_character,
    }
    return {**figures, **more}


def _print(model: Model, cached: bool, found: Evaluation) -> None:
    put(f"characters          {found.characters:,}")
    share = found.unknown / found.characters
    put(f"unknown             {found.unknown:,} ({share:.1%}), each as the unknown one")
    put(f"perplexity          {show_number(found.perplexity)}")
    put(f"bits per character  {found.bits_per_character:.3f}")
    if found.accuracy is not None:
        put(f"accuracy            {found.accuracy:.1%}")
    if found.baselines:
        put(f"\n{'model':<20}{'perplexity':>12}{'bits per character':>20}")
        scores: Mapping[str, Score] = {_name(model, cached): found, **found.baselines}
        for label, each in scores.items():
            put(f"{show(label, _SHOWN):<20}{show_number(each.perplexity):>12}{each.bits_per_character:>20.3f}")


def _name(model: Model, cached: bool) -> str:
    first = model.checkpoint
    config, models = first.model, 1 if model.weights is None else model.weights.shape[1] - cached
    one = ("bidirectional " if config.bidirectional else "") + config.cell
    one += f" + {config.order}-gram" if first.counted else ""
    return (one if models == len(first.shares) else "mixture") + (" with cache" if cached else "")
