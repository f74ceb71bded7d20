"""Lines that stand already behind the one that is written: what must rhyme with them."""

from __future__ import annotations

from collections.abc import Iterable

from lyricgen.writing.form.lines import Line
from lyricgen.writing.form.rhyme import line_ending
from lyricgen.writing.form.rhyming import Rhyming
from lyricgen.writing.form.state import FormState


def with_fixed_lines(rhyming: Rhyming, state: FormState, fixed: Iterable[tuple[Line, str]]) -> FormState:
    """The state in which the next lines must rhyme with these, too, and may not end as they do.

    A class that is required already stays, whatever these lines end in.
    """
    rhymes = dict(state.rhymes)
    for line, text in fixed:
        if line.rhyme is None or not line_ending(text):
            continue
        required = rhyming.required(FormState(line=line, rhymes=rhymes))
        found = rhyming.with_line(FormState(line=line, text=text, rhymes=rhymes))[line.rhyme]
        if not found.rhyme_class:
            continue  # a number, for instance
        if required:
            found = found._replace(rhyme_class=required.rhyme_class, before=required.before or found.before)
        rhymes[line.rhyme] = found
    return state._replace(rhymes=rhymes)
