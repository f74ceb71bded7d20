from __future__ import annotations

import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lyricgen.errors import OptionError
from lyricgen.writing.form.lines import MAX_LINE_LENGTH, Form, Line, parse, rhyme_names

RHYME = st.one_of(
    st.none(),
    st.builds(str.__add__, st.sampled_from(string.ascii_uppercase), st.text(string.ascii_lowercase, max_size=2)),
)
FIRST = st.one_of(st.just(""), st.sampled_from("春夏a8山"))
PARTS = st.lists(st.integers(1, 12), min_size=1, max_size=4)


@st.composite
def lines(draw: st.DrawFn) -> Line:
    """A line that returns nothing."""
    line = Line(first=draw(FIRST), rhyme=draw(RHYME))
    kind = draw(st.sampled_from(["any", "syllables", "length", "tones"]))
    if kind == "any":
        return line
    if kind == "syllables":
        return line._replace(syllables=draw(st.integers(1, MAX_LINE_LENGTH)))
    parts = draw(PARTS)
    line = line._replace(length=sum(parts), pauses=tuple(sum(parts[:place]) for place in range(1, len(parts))))
    size = sum(parts)
    return line._replace(tones=draw(st.text("pz*", min_size=size, max_size=size))) if kind == "tones" else line


@st.composite
def forms(draw: st.DrawFn) -> Form:
    """Stanzas of lines, of which some return, and of rhymes of several characters where they have room."""
    stanzas: list[tuple[Line, ...]] = []
    originals: list[int] = []  # of each line before, the one that it repeats, or itself
    for size in draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)):
        stanza = []
        for _ in range(size):
            repeats = draw(st.one_of(st.none(), st.sampled_from(originals))) if originals else None
            stanza.append(draw(lines()) if repeats is None else Line(repeats=repeats))
            originals.append(len(originals) if repeats is None else repeats)
        stanzas.append(tuple(stanza))
    return deepened(Form((*stanzas, ()) if draw(st.booleans()) else tuple(stanzas)), draw(st.integers(1, 3)))


def deepened(form: Form, depth: int) -> Form:
    """The form with rhymes of so many characters, where all lines of a rhyme have as many."""
    short = {line.rhyme for line in form.lines if line.syllables or (line.length or depth) < depth} | {None}
    return Form(
        tuple(
            tuple(line if line.rhyme in short else line._replace(rhyming=depth) for line in stanza)
            for stanza in form.stanzas
        )
    )


@given(forms())
@settings(deadline=None)
def test_a_form_is_read_as_it_is_written(form: Form) -> None:
    assert parse(str(form)) == form
    assert parse(str(form).replace(",", "\n").replace("/", "\n\n") + ("/" if not form.stanzas[-1] else "")) == form


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("７Ａ，７ａ".replace("ａ", "Ａ"), "7A,7A"),
        (" 7 A , * / 4 + 4 ^ 春 ", "7A,*/4+4^春"),
        ("中中仄、平平仄A、7", "中中仄+平平仄A,7"),
        ("ppzzp,x", "平平仄仄平,中"),
        ("7A2,8A,5", "7A2,8A2,5"),
        ("7,8,=1-2,=3-4,=1", "7,8,=1-2,=1-2,=1"),
        ("A,^春,8sB", "A,^春,8sB"),
        ("# a comment\n7A # one\n\n\n7A\n/\n5,\n5", "7A/7A/5,5"),
        ("7/", "7/"),
    ],
)
def test_what_is_written_otherwise(text: str, written: str) -> None:
    assert str(parse(text)) == written


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("7,,7", "line 2, '', is not a line"),
        ("", "line 1, '', is not a line"),
        ("/7", "line 1, '', is not a line"),
        ("7,x7", "line 2, 'x7', is not a line"),
        ("7 7", "line 1, '7 7', is not a line"),
        ("7a", "line 1, '7a', is not a line"),
        ("257", "line 1, '257', is not from 1 to 256 long"),
        ("200+57", "not from 1 to 256 long"),
        ("4+0", "not from 1 to 256 long"),
        ("0s", "not from 1 to 256 long"),
        ("=1", "line 1, =1, does not name earlier lines"),
        ("7,7/=1-3", "line 3, =1-3, does not name earlier lines, from 1 to 2"),
        ("7,=0", "does not name earlier lines"),
        ("7,7,=2-1", "does not name earlier lines"),
        ("7^(", "line 1 cannot begin with"),
        ("7A2,1A", "line 2, 1A2, has no 2 characters that rhyme"),
        ("8sA3", "line 1, 8sA3, has no 3 characters"),
        ("7," + ",".join(f"=1-{2**power}" for power in range(20)), "more than 100,000 lines"),
    ],
)
def test_what_is_not_of_the_language_is_named_with_its_place(text: str, message: str) -> None:
    with pytest.raises(OptionError, match=f"^--form: .*{re.escape(message)}"):
        parse(text)


def test_lines_know_their_stanzas() -> None:
    form = parse("7,5/=1/")
    assert [line.blank_before for line in form.lines] == [True, False, True]
    assert [form.line(number).blank_before for number in range(6)] == [False, False, True, True, False, True]
    assert [form.line(number).repeats for number in range(6)] == [None, None, 0, None, None, 3]


def test_there_is_a_name_for_every_rhyme() -> None:
    names = rhyme_names()
    found = [next(names) for _ in range(26 + 26 * 26 + 1)]
    assert (found[0], found[25], found[26], found[-1]) == ("A", "Z", "Aa", "Aaa")
    assert len(set(found)) == len(found)
