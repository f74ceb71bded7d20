"""Why a text does not fit a form: a phrase for the person who typed it, or gave it as a prefix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lyricgen.writing.form.rhyme import is_counted, line_ending
from lyricgen.writing.form.state import FormState
from lyricgen.writing.form.tones import NAMES

if TYPE_CHECKING:
    from lyricgen.writing.form.tracker import FormTracker

COMPLETE = "the song is complete"


def why_not(tracker: FormTracker, state: FormState, character: str) -> str:
    """Why a character may not come next; empty if the form does not forbid it."""
    if tracker.is_over(state):
        return COMPLETE
    if tracker.is_free or state.forced_text[:1] == character:
        return ""
    if state.is_repeat and (state.text or state.forced_text[:1] != tracker.line_end):
        return "" if character == tracker.line_end and not state.forced_text else _returns(state)
    if state.forced_text[:1] == tracker.line_end:
        return f"a blank line stands before line {len(state.lines) + 1}"
    if character == tracker.line_end:
        return why_not_end(tracker, state)
    return _of_line(tracker, state, character)


def _returns(state: FormState) -> str:
    earlier = state.line.repeats or 0
    return f"line {len(state.lines) + 1} repeats line {earlier + 1}: {state.lines[earlier]}"


def _of_line(tracker: FormTracker, state: FormState, character: str) -> str:
    """What the form says against a character within a line."""
    if state.line.first and not state.text and character != state.line.first:
        return f"the line begins with {state.line.first}, not with {character}"
    if not is_counted(character):
        return ""
    if state.needs_pause:
        return f"a pause stands after {state.counted} characters, a space or a comma, not {character}"
    if state.target is None:
        return ""
    if state.counted >= state.target:
        return f"the line has its {state.target} characters; {character} is one more"
    after = tracker.advance(state, character)
    if state.line.tones and not tracker.toning.may_come(state, character):
        return f"the tones of the line ask for {NAMES[state.line.tones[state.counted]]} there, not for {character}"
    return why_not_end(tracker, after) if after.counted == after.target else ""


def why_not_end(tracker: FormTracker, state: FormState) -> str:
    """Why a line may not end here: it has not its length, its rhyme, its tones or its syllables; empty if it may."""
    if not state.counted:
        return "the line is empty"
    if state.target is not None and state.counted < state.target:
        return f"the line has {state.counted} of {state.target} characters"
    if not tracker.toning.is_satisfied(state):
        return f"{state.text} does not have the tones of the line"
    if not tracker.syllables.is_satisfied(state):
        return f"{state.text} does not have {state.line.syllables} syllables, by words of the dictionary"
    return "" if tracker.rhyming.is_satisfied(state) else _of_rhyme(tracker, state)


def _of_rhyme(tracker: FormTracker, state: FormState) -> str:
    ending, required = line_ending(state.text), tracker.rhyming.required(state)
    if required is None:
        return f"{ending} has a rhyme that another letter of --rhyme has, or that too few characters share"
    if ending in required.used_endings:
        return f"{ending} ends a line of this rhyme already (--rhyme-identical allows it)"
    example = tracker.form.rhyme_example(state.line.rhyme) if state.line.rhyme else ""
    if state.line.rhyming > 1:
        ending = f"the end of {state.text}"
    return f"{ending} does not rhyme with {(*required.used_endings, example)[0]}"
