"""``lyricgen inspect``: a model that reads a text -> a page of what is seen in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from lyricgen import api, files, storage
from lyricgen.cli.models import checkpoint_option, dataset_option, own_or_shipped
from lyricgen.cli.options import PATH, command, encoding_option, expand, option, put, say, to_json
from lyricgen.cli.pyplot import KINDS
from lyricgen.errors import FileError, OptionError
from lyricgen.inspection import page
from lyricgen.inspection.views import Inspection
from lyricgen.model.checkpoint import BEST, KIND
from lyricgen.model.scoring import show_number

_BACK = (1, 5, 20)  # characters


@command("inspect")
@click.argument("sources", nargs=-1, metavar="[TEXT]...", callback=expand)
@checkpoint_option
@dataset_option("The text whose held-out part is read.")
@option(
    "--max-chars",
    type=click.IntRange(2, 10_000),
    default=2000,
    show_default=True,
    help="Read the first N characters only.",
)
@encoding_option
@option("-o", "--output", type=PATH, default=Path("inspect.html"), show_default=True, help="Page to write.")
@option("-f", "--force", is_flag=True, help="Replace an existing file.")
@option("--json", is_flag=True, help="Print the figures as a line of JSON instead of the path.")
def inspect(
    sources: tuple[str, ...],
    checkpoint: Path | None,
    dataset: str | None,
    max_chars: int,
    encoding: str,
    output: Path,
    force: bool,
    json: bool,
) -> None:
    """Look inside a model.

    Writes a page that shows a model as it reads TEXT, character by character: what it expected, what its units follow,
    its gates, which characters a prediction depends on, and where the training text has a state like that. TEXT is
    anything that `lyricgen prepare` reads; without one, the model's held-out songs are read. Prints the page's path.
    """
    _check(sources, output)
    files.check_new(output, force=force)
    model = api.load(own_or_shipped(checkpoint))
    seen = model.inspect(*sources, dataset=dataset, max_chars=max_chars, encoding=encoding)
    say(f"text        {seen.title}, perplexity {show_number(seen.perplexity)}")
    for line in _summary(seen):
        say(line)
    page.write(output, seen, force=force)
    put(to_json(seen.figures()) if json else str(output))


def _check(sources: Sequence[str], output: Path) -> None:
    """Refuse the name of a picture as the page's, and a model in the place of a text."""
    if output.suffix in KINDS:
        raise OptionError(f"-o: {output} is the name of a picture; a page is .html (`lyricgen plot` draws pictures)")
    for source in sources:
        path = Path(source)
        is_model = files.is_file(path) and storage.is_stored(path) and storage.kind_of(path) == KIND
        if is_model or files.is_file(path / BEST):
            raise FileError(f"{source}: is a model, not a text; name it with -c")


def _summary(seen: Inspection) -> Iterator[str]:
    """Yield a summary of the page, a line for each view."""
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
