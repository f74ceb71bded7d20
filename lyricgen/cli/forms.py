"""``lyricgen forms``: the named forms, and the pattern of each."""

from __future__ import annotations

from typing import Any

import click

from lyricgen.cli.options import command, option, put, to_json
from lyricgen.writing.form import tunes
from lyricgen.writing.form.tunes import Tune

_WIDTH = 18  # columns of a name; a Chinese character takes two


@command("forms")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@option("--json", is_flag=True, help="Print a line of JSON for each.")
def forms(names: tuple[str, ...], json: bool) -> None:
    """List the named forms (格律, 词牌), or show their patterns.

    The list tells the lines, the characters and the length of each line. A NAME may be in simplified or traditional
    characters. In its pattern, 平 is a level tone, 仄 an oblique one, 中 either; lines with the same letter rhyme, / is
    a blank line, =5 repeats line 5.
    """
    chosen = [tunes.find(name, option="NAME") for name in names or tunes.names()]
    for number, tune in enumerate(chosen):
        if json:
            put(to_json(_facts(tune)))
        elif names:
            put(("\n" if number else "") + _pattern(tune))
        else:
            put(_row(tune))


def _row(tune: Tune) -> str:
    name = tune.name + " " * (_WIDTH - 2 * len(tune.name))
    return f"{name}{len(tune.lengths):>2} lines {sum(tune.lengths):>4} characters  {tune.form}"


def _pattern(tune: Tune) -> str:
    heading = " ".join((tune.name, *tune.aliases))
    rhyme = "".join("-" if line in tune.repeats else letter for line, letter in enumerate(tune.rhyme))
    repeats = ",".join(f"{line + 1}={earlier + 1}" for line, earlier in tune.repeats.items())
    options = f"--form {tune.form} --rhyme {rhyme}" + (f" --repeats {repeats}" if repeats else "")
    return f"{heading}\n{tune.text}\nwithout its tones: {options}"


def _facts(tune: Tune) -> dict[str, Any]:
    return {
        "name": tune.name,
        "aliases": list(tune.aliases),
        "lines": len(tune.lengths),
        "characters": sum(tune.lengths),
        "form": tune.form,
        "rhyme": tune.rhyme,
        "pattern": tune.text.split("\n"),
    }
