"""``lyricgen generate --interactive``: the writer and the model by turns, on a plain terminal.

What is said goes to stderr; the song, when it is done, to stdout.
"""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from pathlib import Path

import click

from lyricgen import files
from lyricgen.cli.options import clean, put, say, show
from lyricgen.errors import FileError, UnsatisfiableError
from lyricgen.writing.generation import Writer
from lyricgen.writing.search.refusals import Refusal
from lyricgen.writing.search.session import Choice, Session

_CHARACTERS, _LINES = 9, 5
_HELP = """\
1 to 9    take that one
TEXT      take your words; a line that
          is whole then ends by itself
(Enter)   let the model write the line
:l        show lines to choose from
:n        end the line
:t TEXT   take TEXT (or a number) as it
          is, and go on with the line
:e 3      write line 3 again (:e 3 TEXT)
:u        undo
:s FILE   save (:s! FILE: replace it)
:q        end; the song goes to stdout
A line is whole if it has its length.
Without a length: if all of it is typed
at once, two characters or more."""
_HELP_IN_CHINESE = """\
1 到 9    选用那一个
文字      照写；写满一行就自动换行
（回车）  让模型写完这一行
:l        列出几个整行来选
:n        换行
:t 文字   照写（数字也行），不换行
:e 3      重写第 3 行（:e 3 文字）
:u        撤销一步
:s 文件   保存（:s! 文件：覆盖）
:q        结束，歌词写到标准输出
字数够了，就算写满。没有规定字数时，
从行首一次写出两个字以上，也算一行。"""
_COMMAND = re.compile(r"[:：]\s*([^\W\d_]*[!！?？]?)\s?(.*)")


def interact(writer: Writer, prefix: str, *, seed: int) -> None:
    """Write one song with the person at the terminal, and print it."""
    turns = _Turns(writer, prefix, writer.session(prefix, seed=seed))
    say("By turns: a number, your own words, Enter for the model; :h for help (帮助)")
    try:
        turns.talk()
    finally:  # also after Ctrl-C: nothing is lost
        put(turns.song)


def parse_answer(answer: str) -> tuple[str, str]:
    """Split an answer into the command, without its colon, and its argument; the command is empty for words."""
    plain = unicodedata.normalize("NFKC", answer).strip()  # full-width signs are what they look like
    if plain in ("帮助", "?"):
        return plain, ""
    match = _COMMAND.match(answer.lstrip() if plain.startswith(":") else "")
    if match:
        return unicodedata.normalize("NFKC", match[1]).lower() or ":", match[2]
    return ("number", plain) if plain.isascii() and plain.isdigit() else ("", answer)


class _Turns:
    """One song, what is offered for it, and the line that is written again."""

    def __init__(self, writer: Writer, prefix: str, session: Session) -> None:
        self._writer = writer
        self._prefix = prefix
        self._session = session
        self._choices: list[Choice] = []
        self._edited = 0  # the number of a line; 0 for none
        self._commands = {
            "u": self._undo,
            "l": self._offer_lines,
            "n": self._end_line,
            "t": self._append,
            "e": self._edit,
            "s": self._save,
            "s!": self._replace,
            "number": self._choose,
            "": self._take,
            **dict.fromkeys(("h", "help", "?"), self._help),
            "帮助": self._help_in_chinese,
        }

    @property
    def song(self) -> str:
        """The song with its prefix, as it is printed."""
        return self._prefix + self._writer.shown(self._session.written)

    def talk(self) -> None:
        """Ask and obey, until the person ends it."""
        while True:
            self._show()
            click.echo("> ", nl=False, err=True)
            answer = sys.stdin.readline()
            command, argument = parse_answer(answer.rstrip("\r\n"))
            if not answer or command == "q":
                return
            if command in self._commands:
                self._commands[command](argument)
            else:
                say(f":{command.strip(':')} {argument}".strip() + ": no such command; :h for help")

    def _show(self) -> None:
        if not self._choices and not self._session.is_over:
            self._choices = self._session.characters(_CHARACTERS)
        say("")
        for line in self.song.split("\n")[-4:]:
            say(f"  {line}")
        if self._edited:
            say(f"  (line {self._edited} again: type it, Enter for the model, :u to leave it)")
        elif self._session.is_over:
            say("  (complete; :u undoes, :q prints it)")
        else:
            _show_choices(self._choices)

    def _settle(self, refusal: Refusal | None) -> bool:
        """Return whether something was taken; say why, if not."""
        if refusal:
            say(f"not taken: {show(refusal.reason)}")
            return False
        self._choices, self._edited = [], 0
        return True

    def _take(self, text: str) -> None:
        if self._edited:
            self._rewrite(self._edited, text)
        elif text:
            self._settle(self._session.take(text))
        else:
            for line in self._lines(1):
                self._settle(self._session.take(line.text))

    def _choose(self, number: str) -> None:
        chosen = dict(zip(map(str, range(1, len(self._choices) + 1)), self._choices)).get(number)
        if chosen is None or self._edited:
            say(f"{number}: no such number; :t {number} takes it as it is")
        elif self._session.take(chosen.text):  # the line has its length, but an option forbids that it ends
            self._settle(self._session.append(chosen.text))
        else:
            self._settle(None)

    def _append(self, text: str) -> None:
        if self._edited:
            self._rewrite(self._edited, text)
        else:
            self._settle(self._session.append(text))

    def _end_line(self, _argument: str) -> None:
        self._settle(self._session.end_line())

    def _offer_lines(self, _argument: str) -> None:
        self._edited, self._choices = 0, self._lines(_LINES) or self._choices

    def _lines(self, count: int) -> list[Choice]:
        try:
            return self._session.lines(count)
        except UnsatisfiableError as error:
            say(str(error))
            return []

    def _undo(self, _argument: str) -> None:
        if self._edited:
            self._edited = 0
        elif self._session.undo():
            self._choices = []
        else:
            say("nothing to undo")

    def _edit(self, argument: str) -> None:
        match = re.match(r"(\d{1,5})(?:\s+|$)(.*)", argument)
        number = int(match[1]) if match else 0
        line = self._session.line(number) if number else ""
        if match and line and match[2]:
            self._rewrite(number, match[2])
        elif line:
            self._edited = number
            say(f"{number}  {line}")
        else:
            say(f":e {argument}: the number of a line after the prefix is wanted, as in :e 3")

    def _rewrite(self, number: int, text: str) -> None:
        try:
            if not self._settle(self._session.rewrite(number, text or None)):
                self._edited = number
        except UnsatisfiableError as error:
            say(str(error))

    def _save(self, name: str, *, force: bool = False) -> None:
        if not name.strip():
            say(":s: name a file, as in :s song.txt")
            return
        path = Path(os.path.expanduser(name.strip()))
        try:
            with files.product(path, force=force) as file:
                file.write((clean(self.song) + "\n").encode("utf-8"))
        except FileError as error:
            say(str(error).replace("--force replaces it", f":s! {name.strip()} replaces it"))
        else:
            say(f"saved       {path}")

    def _replace(self, name: str) -> None:
        self._save(name, force=True)

    def _help(self, _argument: str) -> None:
        _say_lines(_HELP)

    def _help_in_chinese(self, _argument: str) -> None:
        _say_lines(_HELP_IN_CHINESE)


def _say_lines(text: str) -> None:
    for line in text.splitlines():
        say(line)


def _show_choices(choices: list[Choice]) -> None:
    if any(len(choice.text) > 1 for choice in choices):
        for number, choice in enumerate(choices, 1):
            say(f"  {number} {show(choice.text)}  {choice.probability:.2g}")
    else:
        shown = (show(choice.text).replace(" ", "␣") for choice in choices)
        numbered = zip(range(1, len(choices) + 1), shown, choices)
        say("  " + "   ".join(f"{number} {text} {choice.probability:.1%}" for number, text, choice in numbered))
