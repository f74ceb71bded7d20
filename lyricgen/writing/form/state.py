"""How far a song has come in its form: an immutable value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from lyricgen.writing.form.lines import Line
from lyricgen.writing.form.rhyme import is_counted

_WORD_IS_COMPLETE = ("",)


class RequiredRhyme(NamedTuple):
    """What the next line of a rhyme must end in."""

    rhyme_class: str  # of the last counted character
    used_endings: tuple[str, ...] = ()  # of the lines before
    before: tuple[str, ...] = ()  # the classes of the characters before it that rhyme, too, the last one first


class FormState(NamedTuple):
    """A song after some characters. The current line is the one that has not ended yet."""

    written: str = ""  # the song after the prefix, with the line ends of the model
    remaining: int | None = None  # characters that may still be written; None if there is no limit
    lines: tuple[str, ...] = ()  # the lines that have ended
    line: Line = Line()  # what the current line must be
    text: str = ""  # the current line so far
    counted: int = 0  # counted characters in it
    uncounted: int = 0  # uncounted characters at its end
    target: int | None = None  # counted characters that it must have
    forced_text: str = ""  # what must come next
    word_rests: tuple[str, ...] | None = None  # after the forced text, a rhyming word: the ways in which it may go on
    rhymes: Mapping[str, RequiredRhyme] = {}  # of the rhymes that have occurred and will again, by name
    is_done: bool = False  # nothing may follow

    @property
    def is_repeat(self) -> bool:
        """Whether the current line repeats an earlier one."""
        return self.line.repeats is not None

    @property
    def left(self) -> int | None:
        """The counted characters that the current line still needs; None if it may have any number."""
        return None if self.target is None else self.target - self.counted

    @property
    def needs_pause(self) -> bool:
        """Whether a pause must come next."""
        return self.counted in self.line.pauses and not self.uncounted

    def with_line_end(self, character: str) -> FormState:
        """The state after a line end is written; the current line stays as it is."""
        return self._replace(written=self.written + character, remaining=self._remaining_after())

    def with_character(self, character: str) -> FormState:
        """The state after another character is written, which continues the current line."""
        counts = is_counted(character)
        return self._replace(
            written=self.written + character,
            remaining=self._remaining_after(),
            text=self.text + character,
            counted=self.counted + counts,
            uncounted=0 if counts else self.uncounted + 1,
            forced_text=self.forced_text[1:],
            word_rests=self.word_rests if self.forced_text else self._word_rests_after(character),
        )

    def _remaining_after(self) -> int | None:
        return None if self.remaining is None else self.remaining - 1

    def _word_rests_after(self, character: str) -> tuple[str, ...] | None:
        if self.word_rests is None:
            return None
        letter = character.lower()
        return tuple(rest[1:] for rest in self.word_rests if rest[:1] == letter) or _WORD_IS_COMPLETE
