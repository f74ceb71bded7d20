"""Why a character may not come next in a song: a phrase for the person who typed it."""

from __future__ import annotations

from typing import NamedTuple

from lyricgen.config import flag
from lyricgen.writing.form.rhyme import is_counted, line_ending
from lyricgen.writing.form.state import FormState
from lyricgen.writing.form.tones import NAMES
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
    if tracker.is_over(state):
        return Refusal(text, "the song is complete")
    if character == tracker.line_end:
        reason = _of_line_end(tracker, state)
    elif is_counted(character):
        reason = _of_form(tracker, state, character) or _of_options(space, state, character)
    else:
        reason = _of_form(tracker, state, character) or _of_mark(tracker, state, character)
    return Refusal(text, reason or f"{_named(tracker, character)} {_OTHERWISE}")


def _named(tracker: FormTracker, character: str) -> str:
    return "the line end" if character == tracker.line_end else character


def _of_form(tracker: FormTracker, state: FormState, character: str) -> str:
    """What the form says against a character within a line."""
    if state.line.repeats is not None:
        return f"line {len(state.lines) + 1} repeats line {state.line.repeats + 1}: {state.lines[state.line.repeats]}"
    if state.line.first and not state.text:
        return f"the line begins with {state.line.first}, not with {character}"
    if not is_counted(character) or state.target is None:
        return ""
    if state.counted >= state.target:
        return f"the line has its {state.target} characters; {character} is one more"
    after = tracker.advance(state, character)
    if state.line.tones and not tracker.toning.may_come(state, character):
        tone = NAMES[state.line.tones[state.counted]]
        return f"the tones of the line ask for {tone} there, not for {character}"
    return "" if after.counted < state.target else _of_ending(tracker, after)


def _of_line_end(tracker: FormTracker, state: FormState) -> str:
    if not state.text:
        return "the line is empty"
    if state.target is not None and state.counted < state.target:
        return f"the line has {state.counted} of {state.target} characters"
    return _of_ending(tracker, state)


def _of_ending(tracker: FormTracker, state: FormState) -> str:
    """Why a line that is complete does not have its rhyme, tones or syllables; empty if it does."""
    if tracker.rhyming.is_satisfied(state):
        return "" if tracker.has_measure(state) else f"{state.text} does not have the tones or syllables of the line"
    ending, required = line_ending(state.text), tracker.rhyming.required(state)
    if required is None:
        return f"{ending} has a rhyme that another letter of --rhyme has, or that too few characters share"
    if ending in required.used_endings:
        return f"{ending} ends a line of this rhyme already (--rhyme-identical allows it)"
    example = tracker.form.rhyme_example(state.line.rhyme) if state.line.rhyme else ""
    return f"{ending} does not rhyme with {(*required.used_endings, example)[0]}"


def _of_mark(tracker: FormTracker, state: FormState, character: str) -> str:
    """Why an uncounted character may not come next."""
    if not state.text:
        return f"a line does not begin with {character}"
    return "" if tracker.can_rest(state) else f"{character} is one more mark than fits there"


def _of_options(space: SearchSpace, state: FormState, character: str) -> str:
    """Which options forbid a character that the form allows."""
    is_allowed = bool(space.tracker.allowed(state).mask[space.id_of(character)])
    names = [flag(name) for name in _FORBIDDING if getattr(space.config, name)]
    return f"{character} is forbidden by {' or '.join(names)}" if names and is_allowed else ""
