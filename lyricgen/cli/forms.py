"""``lyricgen forms``: the named forms, and the form of each or of a song, in the language of ``generate --form``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import click

from lyricgen import files
from lyricgen.api import read_form
from lyricgen.cli.options import command, encoding_option, option, put, to_json
from lyricgen.config import STDIN, flag
from lyricgen.writing.form import named
from lyricgen.writing.form.lines import Form

_WIDTH = 18  # columns of a name; a Chinese character takes two


class _Shown(NamedTuple):
    name: str
    form: Form
    aliases: Sequence[str] = ()
    options: Mapping[str, Any] = MappingProxyType({})


@command("forms")
@click.argument("names", nargs=-1, metavar="[NAME|SONG]...")
@option("--tones", is_flag=True, help="Of a SONG: the tones of its lines, too.")
@option("--tones-by", type=click.Choice(["modern", "classical"]), default="modern", show_default=True, help="Readings.")
@encoding_option
@option("--json", is_flag=True, help="Print a line of JSON for each.")
def forms(names: tuple[str, ...], tones: bool, tones_by: str, encoding: str, json: bool) -> None:
    """List the named forms (格律, 词牌, songs), or show forms.

    A NAME may be in simplified or traditional characters. Of a SONG, a file or -, it prints the form that `generate
    --like` takes. What it prints is a file for `generate --form`: a line for each line of a song; in it 平 is a level
    tone, 仄 an oblique one, 中 either, a number the characters; lines with the same letter rhyme; + is a pause; =5
    returns line 5 word for word.
    """
    for number, name in enumerate(names or named.names()):
        shown = _named(name) or _of_song(name, encoding, tones=tones, tones_by=tones_by)
        if json:
            put(to_json(_facts(shown)))
        elif names:
            put(("\n" if number else "") + _text(shown))
        else:
            put(_row(shown))


def _named(name: str) -> _Shown | None:
    form = named.lookup(name)
    return form and _Shown(form.name, form.form, form.aliases)


def _of_song(path: str, encoding: str, *, tones: bool, tones_by: str) -> _Shown:
    if path != STDIN and not files.is_file(Path(path)):
        named.find(path)
    song = read_form(path, encoding=encoding, tones=tones, tones_by=tones_by)
    return _Shown(path, song.form, options=song.rhymes)


def _row(shown: _Shown) -> str:
    name = shown.name + " " * (_WIDTH - 2 * len(shown.name))
    return f"{name}{len(shown.form.lines):>2} lines {_characters(shown.form):>4} characters  {_lengths(shown.form)}"


def _characters(form: Form) -> int:
    """The characters of all lines, also of those that return."""
    lengths = [
        form.lines[number if line.repeats is None else line.repeats].length for number, line in enumerate(form.lines)
    ]
    return sum(length or 0 for length in lengths)


def _lengths(form: Form) -> Form:
    """The form without tones."""
    return Form(tuple(tuple(line._replace(tones="") for line in stanza) for stanza in form.stanzas))


def _text(shown: _Shown) -> str:
    heading = " ".join((shown.name, *shown.aliases))
    options = "".join(
        f" {flag(name)}" + ("" if value is True else f" {value}") for name, value in shown.options.items()
    )
    return f"# {heading}{options}\n" + str(shown.form).replace(",", "\n").replace("/", "\n\n")


def _facts(shown: _Shown) -> dict[str, Any]:
    return {
        "name": shown.name,
        "aliases": list(shown.aliases),
        "lines": len(shown.form.lines),
        "characters": _characters(shown.form),
        "form": str(shown.form),
        **shown.options,
    }
