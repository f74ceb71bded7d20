"""Why a character may not come next in a song: a phrase for the person who typed it."""

from __future__ import annotations

from typing import NamedTuple

from lyricgen.config import flag
from lyricgen.writing.form.reasons import why_not
from lyricgen.writing.form.rhyme import is_counted
from lyricgen.writing.form.state import FormState
from lyricgen.writing.form.tracker import FormTracker
from lyricgen.writing.search.space import SearchSpace

_FORBIDDING = ("ban", "no_repeat", "max_copy")
_OTHERWISE = "cannot stand there with what is asked for"


class Refusal(NamedTuple):
    """The part of a text that was not taken, and why."""

    text: str
    reason: str


def refuse(space: SearchSpace, state: FormState, text: str) -> Refusal:
    """The refusal of a text whose first character may not come next."""
    tracker, character = space.tracker, text[0]
    reason = why_not(tracker, state, character)
    if not reason and character != tracker.line_end:
        reason = (_of_options if is_counted(character) else _of_mark)(space, state, character)
    return Refusal(text, reason or f"{_named(tracker, character)} {_OTHERWISE}")


def _named(tracker: FormTracker, character: str) -> str:
    return "the line end" if character == tracker.line_end else character


def _of_mark(space: SearchSpace, state: FormState, character: str) -> str:
    """Why an uncounted character may not come next."""
    if not state.text:
        return f"a line does not begin with {character}"
    return "" if space.tracker.can_rest(state) else f"{character} is one more mark than fits there"


def _of_options(space: SearchSpace, state: FormState, character: str) -> str:
    """Which options forbid a character that the form allows."""
    is_allowed = bool(space.tracker.allowed(state).mask[space.id_of(character)])
    names = [flag(name) for name in _FORBIDDING if getattr(space.config, name)]
    return f"{character} is forbidden by {' or '.join(names)}" if names and is_allowed else ""
