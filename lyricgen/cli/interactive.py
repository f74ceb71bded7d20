"""``lyricgen generate --interactive``: the writer and the model by turns, on a plain terminal.

What is said goes to stderr; the song, when it is done, to stdout.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from lyricgen.cli.options import put, say, show
from lyricgen.errors import UnsatisfiableError

if TYPE_CHECKING:
    from lyricgen.writing.generation import Writer
    from lyricgen.writing.search.session import Choice, Session

_CHARACTERS, _LINES = 9, 5
_HELP = """\
1 to 9    take that character, or that line
TEXT      take the text as it is
(Enter)   let the model write the line to its end
:l        show whole lines to choose from
:n        end the line
:t TEXT   take a text that begins with a colon or is a number
:u        undo
:q        end (as the end of input does); the song goes to stdout"""


def interact(writer: Writer, prefix: str, *, seed: int) -> None:
    """Write one song with the person at the terminal, and print it."""
    session = writer.session(prefix, seed=seed)
    say("By turns: a number, your own words, Enter for the model; :h for help")
    try:
        _talk(writer, session, prefix)
    finally:  # also after Ctrl-C: nothing is lost
        put(prefix + writer.shown(session.written))


def _talk(writer: Writer, session: Session, prefix: str) -> None:
    choices: list[Choice] = []
    while True:
        song = prefix + writer.shown(session.written)
        if not choices and not session.is_over:
            choices = session.characters(_CHARACTERS)
        say("")
        for line in song.split("\n")[-4:]:
            say(f"  {line}")
        if session.is_over:
            say("  (complete; :u undoes, :q prints it)")
        else:
            _show_choices(choices)
        click.echo("> ", nl=False, err=True)
        answer = sys.stdin.readline()
        words = answer.rstrip("\r\n")
        if not answer or words == ":q":
            return
        choices = _obey(session, words, choices)


def _show_choices(choices: list[Choice]) -> None:
    if any(len(choice.text) > 1 for choice in choices):
        for number, choice in enumerate(choices, 1):
            say(f"  {number} {show(choice.text)}  {choice.probability:.2g}")
    else:
        shown = (show(choice.text).replace(" ", "␣") for choice in choices)
        each = zip(range(1, len(choices) + 1), shown, choices)
        say("  " + "   ".join(f"{number} {text} {choice.probability:.1%}" for number, text, choice in each))


def _obey(session: Session, words: str, choices: list[Choice]) -> list[Choice]:
    """Do what was said; returns what is to be shown to choose from, nothing for the next characters."""
    if words == ":h":
        for line in _HELP.splitlines():
            say(line)
    elif words == ":u":
        if not session.undo():
            say("nothing to undo")
    elif words == ":l":
        return _lines(session) or choices
    elif words == "":
        lines = _lines(session, 1)
        if lines:
            session.take(lines[0].text)
    elif words.isascii() and words.isdigit() and 1 <= int(words) <= len(choices):
        _take(session, choices[int(words) - 1].text)
    elif words.startswith(":") and words[:3] != ":t " and words != ":n":
        say(f"{words}: no such command; :h for help")
        return choices
    else:
        _take(session, session.line_end if words == ":n" else words[3:] if words.startswith(":t ") else words)
    return []


def _take(session: Session, text: str) -> None:
    left = session.take(text)
    if left:
        say(f"not taken: {show(left[0])} cannot stand there with what is asked for")


def _lines(session: Session, count: int = _LINES) -> list[Choice]:
    try:
        return session.lines(count)
    except UnsatisfiableError as error:
        say(str(error))
        return []
