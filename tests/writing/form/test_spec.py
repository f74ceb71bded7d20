from __future__ import annotations

import re
from typing import Any

import pytest

from lyricgen.config import FormConfig
from lyricgen.errors import OptionError
from lyricgen.writing.form.lines import Form, Line
from lyricgen.writing.form.spec import Layout, compile_form


def layout(length: int | None = None, **options: Any) -> Layout:
    return compile_form(FormConfig(**options), length)


def written(**options: Any) -> str:
    """The lines of a song as a form."""
    stanzas: list[list[Line]] = []
    for line in layout(**options).lines:
        if line.blank_before or not stanzas:
            stanzas.append([])
        stanzas[-1].append(line._replace(blank_before=False))
    return str(Form(tuple(map(tuple, stanzas))))


@pytest.mark.parametrize(
    ("options", "form"),
    [
        ({"form": "7,*, 5", "lines": 7}, "7,*,5,7,*,5,7"),
        ({"form": "5,5/7,7", "lines": 5}, "5,5/7,7,5"),
        ({"form": "5,5/7,7/", "lines": 5}, "5,5/7,7/5"),
        ({"form": "5/", "lines": 3}, "5/5/5"),
        ({"form": "7A,7A,5,7A", "lines": 6}, "7A,7A,5,7A,7B,7B"),
        ({"form": "7,5A", "lines": 4}, "7,5A,7,5A"),
        ({"form": "7,=1", "lines": 4}, "7,=1,7,=3"),
        ({"form": "如梦令", "lines": 3}, "中仄中平中仄A,中仄中平中仄A,中仄仄平平"),
        ({"lines": 3}, "*,*,*"),
        ({"line_length": 7, "lines": 2}, "7,7"),
        ({"form": "平平/5+2B,=1", "line_length": 7}, "7/7B,=1"),
        ({"rhyme": "AABA", "line_length": 7}, "7A,7A,7B,7A"),
        ({"rhyme": "aab-", "lines": 6}, "A,A,B,*,C,C"),
        ({"rhyme": "A", "lines": 3}, "A,A,A"),
        ({"rhyme": "AB", "lines": 4}, "A,B,A,B"),
        ({"rhyme": "A2A3-", "lines": 3}, "A3,A3,*"),
        ({"form": "7,5", "rhyme": "AABA"}, "7A,5A,7B,5A"),
        ({"form": "7C,5C,=1", "rhyme": "AAA"}, "7A,5A,=1"),
        ({"rhyme_with": "光", "lines": 2}, "A,A"),
        ({"acrostic": "春 夏"}, "^春,^夏"),
        ({"acrostic": "我想，回家！"}, "^我,^想,^回,^家"),
        ({"acrostic": "春", "form": "7^秋,7^冬"}, "7^春,7"),
        ({"acrostic": "e\u0301\x1b", "lines": 1}, "^é"),
        ({"form": "７，７", "rhyme": "ＡＡ", "structure": "ＶＣ"}, "7A,7A/7B,7B"),
    ],
    ids=str,
)
def test_options_are_short_for_a_form(options: dict[str, Any], form: str) -> None:
    assert written(**options) == form


@pytest.mark.parametrize(
    ("structure", "form"),
    [
        ("VCVC", "7A,7A/7B,7B/7C,7C/=3-4"),
        ("主副主副", "7A,7A/7B,7B/7C,7C/=3-4"),
        ("主1副主2副", "7A,7A/7B,7B/7C,7C/=3-4"),
        ("主歌副歌主歌副歌", "7A,7A/7B,7B/7C,7C/=3-4"),
        ("verse chorus, Verse Chorus", "7A,7A/7B,7B/7C,7C/=3-4"),
        ("主1副主1", "7A,7A/7B,7B/=1-2"),
        ("vcbc", "7A,7A/7B,7B/7C,7C/=3-4"),
        ("VV", "7A,7A/7B,7B"),
        ("CC", "7A,7A/=1-2"),
    ],
)
def test_verses_are_new_and_refrains_return(structure: str, form: str) -> None:
    assert written(structure=structure, line_length=7, rhyme="AA") == form


def test_sections_have_forms_of_their_own_or_the_same() -> None:
    assert written(structure="VC") == "*,*,*,*/*,*,*,*"
    assert written(structure="VCV", form="9A,9A/5B") == "9A,9A/5B/9C,9C"
    assert written(structure="VCV", form="9/5/7") == "9/5/7/9/5/7/9/5/7"
    assert written(structure="VC", form="9,=1") == "9,=1/9,=3"
    assert written(structure="VCV", rhyme="A", lines=1) == "A/A/A"


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({"form": "7,7,5"}, 3),
        ({"form": "7,7", "acrostic": "春夏秋"}, 3),
        ({"rhyme": "ABAB"}, 4),
        ({"line_length": 7}, None),
        ({"line_length": 7, "acrostic": "春 夏"}, 2),
        ({"structure": "VCVC"}, 16),
        ({"structure": "VC", "lines": 3}, 6),
        ({"form": "7,7", "lines": 5}, 5),
        ({}, None),
    ],
)
def test_how_many_lines_a_song_has(options: dict[str, Any], count: int | None) -> None:
    assert layout(**options).count == count


def test_a_length_that_is_given_leaves_the_count_open() -> None:
    assert layout(100, form="7,7").count is None
    assert layout(100, form="7,7", lines=4).count == 4
    assert layout(100_000, form="1").line(49_999).length == 1
    assert layout(100, rhyme="A").count_rhyming_lines("A") == 1


def test_a_layout_that_asks_for_nothing_is_free() -> None:
    assert layout().is_free
    assert layout(100, form="*").is_free
    assert not layout(lines=2).is_free
    assert not layout(line_length=2).is_free


def test_examples_hold_for_all_repetitions_of_a_letter() -> None:
    found = layout(rhyme="ABAB", rhyme_with="光年", lines=6)
    assert [found.rhyme_example(letter) for letter in "ABCDE"] == ["光", "年", "光", "年", ""]
    assert layout(form="7B,7A,7B", rhyme_with="light day").examples == {"B": "light", "A": "day"}


def test_rhymes_that_are_near_must_not_sound_alike() -> None:
    found = layout(form="A,A,B,B,*,C,*,*,*,A")
    assert found.rhymes_near("A") == {"B"}
    assert found.rhymes_near("B") == {"A", "C"}
    assert (found.count_rhyming_lines("A"), found.last_line("A"), found.last_line("C")) == (3, 9, 5)


def test_the_least_that_must_follow() -> None:
    found = layout(form="7,2+2/*,=1")
    assert [found.min_length_after(number) for number in range(-1, 4)] == [8 + 6 + 3 + 2, 11, 5, 2, 0]
    assert layout(100, acrostic="春夏").min_length_after(0) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"form": "7,,7"}, "--form: line 2"),
        ({"form": "sonnet"}, "--form: no form"),
        ({"rhyme": "12"}, "--rhyme: '12' is no scheme"),
        ({"rhyme": "--"}, "--rhyme"),
        ({"rhyme": ""}, "--rhyme"),
        ({"rhyme": "A4"}, "--rhyme"),
        ({"rhyme": "ang"}, "--rhyme: is a scheme like AABA; to rhyme with ang, --rhyme-with ang"),
        ({"rhyme": "A2", "line_length": 1}, "--rhyme: line 1, 1A2, has no 2 characters"),
        ({"rhyme": "A2", "form": "8s"}, "--rhyme: line 1, 8sA2, has no 2 characters"),
        ({"rhyme_with": " "}, "--rhyme-with: contains nothing"),
        ({"rhyme": "A", "rhyme_with": "光年"}, "--rhyme-with: 2 rhymes for the letters of the form: A"),
        ({"rhyme_by": "near"}, "--rhyme-by: there is no rhyme"),
        ({"rhyme_identical": True}, "--rhyme-identical: there is no rhyme"),
        ({"tones_by": "classical"}, "--tones-by: the form has no tones"),
        ({"structure": "V!"}, "--structure: 'V!' is no row of sections"),
        ({"structure": ""}, "--structure"),
        ({"acrostic": "，。"}, "--acrostic: contains no character"),
        ({"acrostic": "春夏", "lines": 1}, "--acrostic: its 2 characters need"),
        ({"structure": "CC", "lines": 1, "acrostic": "春夏"}, "--acrostic: line 2 repeats line 1"),
    ],
)
def test_options_that_are_no_form(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=f"^{re.escape(message)}"):
        layout(**options)


def test_lines_that_return_have_no_length_that_is_known() -> None:
    for options in ({"structure": "CC"}, {"form": "7,=1"}):
        with pytest.raises(OptionError, match=r"^--length: "):
            layout(100, **options)
