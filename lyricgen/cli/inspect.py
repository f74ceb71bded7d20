"""``lyricgen inspect``: a model that reads a text -> a page of what is seen in it; several models -> a picture."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from lyricgen.cli.models import checkpoint_option, dataset_option, open_dataset, own_or_shipped
from lyricgen.cli.options import PATH, command, encoding_option, expand, given, option, put, say, show_number, to_json
from lyricgen.config import MODEL, refuse_without_effect
from lyricgen.errors import FileError, OptionError

if TYPE_CHECKING:
    from lyricgen.inspection.views import Inspection

PICTURES = "Pictures of several models"
Figures = list[dict[str, Any]]
_VIEWS = ("units", "gates", "memory", "like")
_BACK = (1, 5, 20)  # characters
_SHARES = (0.5, 0.9, 0.99)
_SEEN = (1, 5, 20, 100)  # characters


@command("inspect")
@click.argument("sources", nargs=-1, metavar="[TEXT|RUN]...", callback=expand)
@checkpoint_option(multiple=False)
@option(
    "--ngram/--no-ngram", default=True, show_default=True, group=MODEL,
    help="Use the n-grams that were counted beside a network.",
)  # fmt: skip
@dataset_option("The text whose held-out part is read.")
@option(
    "--without", type=click.Choice(_VIEWS), multiple=True,
    help="Leave out a view (repeatable): what units follow, gates, memory, or like places in the training text.",
)  # fmt: skip
@option(
    "--max-chars", type=click.IntRange(2, 10_000), default=2000, show_default=True,
    help="Read the first N characters only.",
)  # fmt: skip
@encoding_option
@option("--gradients", is_flag=True, group=PICTURES, help="Draw how far back the gradients of each RUN go.")
@option(
    "--scale", type=float, group=PICTURES, metavar="FACTOR",
    help="With --gradients, also each RUN with the weights of its recurrence so many times as large.",
)  # fmt: skip
@option(
    "--context", is_flag=True, group=PICTURES,
    help="Draw the perplexity of each RUN where it sees the last 1 to 100 characters only, beside n-grams.",
)  # fmt: skip
@option(
    "-o", "--output", type=PATH, show_default="inspect.html, gradients.png or context.png",
    help="File to write: a page, or a .png or .svg.",
)  # fmt: skip
@option("-f", "--force", is_flag=True, help="Replace an existing file.")
@option("--json", is_flag=True, help="Print the figures as JSON, a line for each model.")
@click.pass_context
def inspect(
    click_context: click.Context, /, sources: tuple[str, ...], checkpoint: Path, ngram: bool, dataset: str | None,
    without: tuple[str, ...], max_chars: int, encoding: str, gradients: bool, scale: float | None, context: bool,
    output: Path | None, force: bool, json: bool,
) -> None:  # fmt: skip
    """Look inside a model.

    Writes a page that shows a model as it reads TEXT, character by character: what it expected, what its units follow,
    its gates, which characters a prediction depends on, and where the training text has a state like that. TEXT is
    anything that `lyricgen prepare` reads; without one, the model's held-out songs are read. With --gradients or
    --context, several models (RUN: a folder of `lyricgen train`, or a checkpoint) make one picture. Prints the file's
    path.
    """
    options = given(click_context, click_context.params)
    _check_options(options, click_context.params)
    if gradients:
        output = output or Path("gradients.png")
        figures = _gradients(sources, dataset, scale, output, force=force)
    elif context:
        output = output or Path("context.png")
        figures = _context(sources, dataset, output, force=force)
    else:
        output = output or Path("inspect.html")
        _check_page(sources, output)
        path = checkpoint if "checkpoint" in options else own_or_shipped(checkpoint)
        figures = _page(
            sources, path, dataset, output, force=force, ngram=ngram, without=without, max_chars=max_chars,
            encoding=encoding,
        )  # fmt: skip
    for line in map(to_json, figures) if json else [str(output)]:
        put(line)


def _check_options(options: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """OptionError for what has no effect."""
    if values["gradients"] and values["context"]:
        raise OptionError("--gradients and --context make a picture each: run the command once for each")
    if "ngram" in options and (values["gradients"] or values["context"]):
        raise OptionError("--ngram: has no effect on the pictures of networks; leave it out")
    refuse_without_effect(options, values)


def _page(
    sources: tuple[str, ...], checkpoint: Path, dataset: str | None, output: Path, *, force: bool, ngram: bool,
    **options: Any,
) -> Figures:  # fmt: skip
    from lyricgen import api, files
    from lyricgen.cli import page

    files.check_new(output, force=force)
    model = api.load(checkpoint, ngram=ngram)
    seen = model.inspect(*sources, dataset=open_dataset(dataset), **options)
    say(f"text        {seen.title}, perplexity {show_number(seen.perplexity)}")
    for line in _summary(seen):
        say(line)
    page.write(output, seen, force=force)
    return [seen.figures()]


def _check_page(sources: Sequence[str], output: Path) -> None:
    """What is in the way of a page: the name of a picture, a model where a text is wanted."""
    from lyricgen import files, storage
    from lyricgen.cli import drawing
    from lyricgen.model.checkpoint import BEST, KIND

    if output.suffix in drawing.KINDS:
        raise OptionError(f"-o: {output} is the name of a picture; a page is .html (or add --gradients or --context)")
    for source in sources:
        path = Path(source)
        is_file = files.is_file(path) and storage.is_stored(path) and storage.kind_of(path) == KIND
        if is_file or files.is_file(path / BEST):
            raise FileError(f"{source}: is a model, a text is wanted here; name it with -c, or add --gradients")


def _summary(seen: Inspection) -> Iterator[str]:
    """What the page shows, a line for each view."""
    yield from (f"note        {note}" for note in seen.notes)
    for states in seen.states:
        clear = sum(map(bool, states.follows))
        yield f"units       {states.name}: {clear} of {len(states.follows)} follow something"
        for feature, units in states.followers().items():
            first = units[0]
            yield f"  {feature}: {len(units)}, clearest unit {first + 1} with r = {states.correlation[first]:.2f}"
    for gates in seen.gates:
        short, middle, long = (sorted(gates.half_lives)[round(at * (len(gates.half_lives) - 1))] for at in (0, 0.5, 1))
        yield f"half-lives  {gates.name}: {short:.1f} to {long:.1f} characters, {middle:.1f} in the median"
    if seen.memory is not None:
        for side, shares in seen.memory.figures().items():
            within = ", ".join(f"{sum(shares[:back]):.0%} within {back}" for back in _BACK)
            yield f"memory      {side} the prediction: {within} of {len(shares)} characters"


def _gradients(
    runs: tuple[str, ...], dataset: str | None, scale: float | None, output: Path, *, force: bool
) -> Figures:
    from lyricgen import api
    from lyricgen.cli import pictures

    with _picture(output, force=force) as file:
        found = api.gradients(*_runs(runs), dataset=open_dataset(dataset), scale=scale)
        for each in found:
            reach = ", ".join(f"{share:.0%} within {each.reach(share)}" for share in _SHARES)
            say(f"gradient    {each.name}: {reach} of the last 100 characters")
        pictures.draw_gradients(found, file, output.suffix[1:])
    return [each.figures() for each in found]


def _context(runs: tuple[str, ...], dataset: str | None, output: Path, *, force: bool) -> Figures:
    from lyricgen import api
    from lyricgen.cli import pictures

    with _picture(output, force=force) as file:
        found = api.context(*_runs(runs), dataset=open_dataset(dataset))
        for each in found:
            seen = ", ".join(f"{show_number(each.network[n])} seeing {n}" for n in _SEEN)
            say(f"context     {each.run}: perplexity {seen} characters")
        pictures.draw_context(found, file, output.suffix[1:])
    return [each.figures() for each in found]


def _runs(named: tuple[str, ...]) -> Sequence[str | Path]:
    from lyricgen.model.checkpoint import DEFAULT_FOLDER

    return named or [own_or_shipped(Path(DEFAULT_FOLDER))]


@contextlib.contextmanager
def _picture(output: Path, *, force: bool) -> Iterator[IO[bytes]]:
    """The file of a picture; what would be in its way is said before anything is computed."""
    from lyricgen import files
    from lyricgen.cli import drawing

    files.check_new(output, force=force)
    drawing.check_suffix(output)
    drawing.open_pyplot()
    with files.product(output, force=force) as file:
        yield file
