from __future__ import annotations

import re
from typing import Any

import pytest

from lyricgen.config import FormConfig
from lyricgen.errors import OptionError
from lyricgen.writing.form.spec import Form, Line, Rhyme, compile_form


def form(length: int | None = None, **options: Any) -> Form:
    return compile_form(FormConfig(**options), length)


def lengths(form: Form, count: int) -> list[int | None]:
    return [form.line(number).length for number in range(count)]


def test_a_template_is_repeated() -> None:
    found = form(form="7,*, 5", lines=7)
    assert found.count == 7
    assert lengths(found, 7) == [7, None, 5, 7, None, 5, 7]
    assert not any(found.line(number).blank_before for number in range(7))


@pytest.mark.parametrize(
    ("template", "blanks"),
    [("5,5/7,7", [2, 6]), ("5,5/7,7/", [2, 4, 6]), ("5/", [1, 2, 3, 4, 5, 6, 7]), ("5/7", [1, 3, 5, 7])],
)
def test_slashes_are_blank_lines(template: str, blanks: list[int]) -> None:
    found = form(form=template, lines=8)
    assert [number for number in range(8) if found.line(number).blank_before] == blanks


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({"form": "7,7,5"}, 3),
        ({"form": "7,7", "acrostic": "春夏秋"}, 3),
        ({"rhyme": "ABAB"}, 4),
        ({"line_length": 7}, None),
        ({"line_length": 7, "acrostic": "春 夏"}, 2),
        ({"until_blank": True, "rhyme": "AA"}, None),
        ({"structure": "VCVC"}, 16),
        ({"structure": "VC", "lines": 3}, 6),
        ({"structure": "VC", "form": "5,5,7"}, 6),
        ({"form": "7,7", "lines": 5}, 5),
        ({}, None),
    ],
)
def test_how_many_lines_a_song_has(options: dict[str, Any], count: int | None) -> None:
    assert form(**options).count == count


def test_a_length_that_is_given_leaves_the_count_open() -> None:
    assert form(100, form="7,7").count is None
    assert form(100, form="7,7", lines=4).count == 4


def test_rhymes_begin_anew_with_each_repetition_but_a_single_one() -> None:
    scheme = form(rhyme="aab-", lines=8)
    assert [scheme.line(n).rhyme for n in range(8)] == [
        Rhyme("A"),
        Rhyme("A"),
        Rhyme("B"),
        None,
        Rhyme("A", 0, 1),
        Rhyme("A", 0, 1),
        Rhyme("B", 0, 1),
        None,
    ]
    assert scheme.count_rhyming_lines(Rhyme("A", 0, 1)) == 2
    single = form(rhyme="A", lines=5)
    assert {single.line(n).rhyme for n in range(5)} == {Rhyme("A")}
    assert single.count_rhyming_lines(Rhyme("A")) == 5


def test_rhymes_are_given_in_the_order_of_the_letters() -> None:
    found = form(rhyme="ABAB", rhyme_with="光年")
    assert [found.rhyme_example(Rhyme(letter)) for letter in "ABC"] == ["光", "年", ""]
    assert form(rhyme_with="love", lines=2).scheme == "A"
    assert form(rhyme="AB", rhyme_with="light day").rhymes_with == ("light", "day")


def test_refrains_return_the_lines_of_their_section() -> None:
    found = form(structure="ABA", lines=2, rhyme="AA", acrostic="山水花月山")
    assert [found.line(n).repeats for n in range(6)] == [None, None, None, None, 0, 1]
    assert [n for n in range(6) if found.line(n).blank_before] == [2, 4]
    assert found.line(4) == Line(first="山", repeats=0, blank_before=True)
    assert found.line(0).rhyme == found.line(1).rhyme != found.line(2).rhyme


def test_an_acrostic_is_composed_and_without_control_characters() -> None:
    assert form(acrostic="e\u0301\x1b 春").acrostic == "é春"


def test_a_song_may_end_after_whole_repetitions() -> None:
    found = form(until_blank=True, form="7,7", acrostic="春夏秋")
    assert [n for n in range(9) if found.can_end_after(n)] == [4, 6, 8]


@pytest.mark.parametrize(
    "options",
    [
        {"form": "7,,7"},
        {"form": "x"},
        {"form": ""},
        {"form": "/"},
        {"form": "257"},
        {"form": "7 7"},
        {"form": "7", "line_length": 7},
        {"rhyme": "12"},
        {"rhyme": "--"},
        {"rhyme": ""},
        {"rhyme_with": " "},
        {"rhyme": "A", "rhyme_with": "光年"},
        {"rhyme_strict": True},
        {"rhyme_identical": True},
        {"structure": "V1"},
        {"acrostic": " "},
        {"acrostic": "春夏", "lines": 1},
        {"until_blank": True, "lines": 2},
        {"structure": "AA", "lines": 1, "acrostic": "春夏"},
    ],
)
def test_options_that_are_no_form(options: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=r"^--"):
        form(**options)


def test_sections_and_a_length_exclude_each_other() -> None:
    with pytest.raises(OptionError, match="--length"):
        form(100, structure="AB")


def test_full_width_signs_are_what_they_look_like() -> None:
    assert form(form="７，７、５，７") == form(form="7,7,5,7")
    assert form(form="５，＊／７，７") == form(form="5,*/7,7")
    assert form(rhyme="ＡＡ－ａ") == form(rhyme="AA-A")
    assert form(structure="ＶＣ").structure == "VC"


def test_sections_have_chinese_names_and_an_acrostic_no_punctuation() -> None:
    assert form(structure="主副主副桥副", lines=2).structure == "VCVCBC"
    assert form(acrostic="我想，回家！").acrostic == "我想回家"
    with pytest.raises(OptionError, match="contains no character"):
        form(acrostic="，。")


def test_a_final_that_is_given_as_a_scheme_is_understood() -> None:
    with pytest.raises(OptionError, match=r"to rhyme with ang, --rhyme-with ang$"):
        form(rhyme="ang")
    assert form(rhyme="a", lines=2).scheme == "A"


def test_tones_give_lines_their_lengths_and_blank_lines() -> None:
    form = compile_form(FormConfig(tones="平平仄,ｐ＊/-，中"), None)
    assert [form.line(number)[:1] + form.line(number)[4::2] for number in range(4)] == [
        (3, False, "ppz"),
        (2, False, "p*"),
        (None, True, ""),
        (1, False, "*"),
    ]
    assert form.count == 4
    with_lengths = compile_form(FormConfig(tones="pz,-", form="2,5", lines=6), None)
    assert [with_lengths.line(number).length for number in range(3)] == [2, 5, 2]


def test_lines_repeat_earlier_ones() -> None:
    form = compile_form(FormConfig(repeats="3-4=1-2， 6=3", form="5"), None)
    assert [form.line(number).repeats for number in range(6)] == [None, None, 0, 1, None, 0]
    assert form.count == 6
    rhymed = compile_form(FormConfig(repeats="3=1", rhyme="AAAA"), None)
    assert rhymed.count_rhyming_lines(rhymed.line(0).rhyme or Rhyme("?")) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tones": "平上"}, "no pattern"),
        ({"tones": ""}, "no pattern"),
        ({"tones": "pz", "form": "3"}, "2 tones, but 3 characters"),
        ({"tones": "pz", "line_length": 7}, "2 tones, but 7 characters"),
        ({"tones_by": "classical"}, "no effect"),
        ({"repeats": "1=2"}, "--repeats"),
        ({"repeats": "4-5=1-3"}, "--repeats"),
        ({"repeats": "x"}, "--repeats"),
        ({"repeats": "2=0"}, "--repeats"),
        ({"repeats": "2=1", "structure": "AA"}, "--structure"),
        ({"rhyme": "AA", "rhyme_near": True, "rhyme_strict": True}, "exclude"),
        ({"rhyme_near": True}, "no rhyme"),
    ],
)
def test_what_cannot_be_meant_by_tones_and_repeats(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=re.escape(message)):
        compile_form(FormConfig(**options), None)


def test_syllables_take_the_place_of_lengths() -> None:
    form = compile_form(FormConfig(syllables="8，6/*"), None)
    assert [(form.line(number).syllables, form.line(number).blank_before) for number in range(3)] == [
        (8, False),
        (6, False),
        (None, True),
    ]
    assert form.count == 3
    with pytest.raises(OptionError, match="--form gives the lines"):
        compile_form(FormConfig(syllables="8", form="8"), None)
    with pytest.raises(OptionError, match="--syllables: 'eight'"):
        compile_form(FormConfig(syllables="eight"), None)


def test_letters_of_different_parts_of_a_scheme_are_not_related() -> None:
    form = compile_form(FormConfig(rhyme="AAB/A-A", lines=12), None)
    rhymes = [form.line(number).rhyme for number in range(9)]
    assert rhymes[0] == rhymes[1] != rhymes[3] == rhymes[5] != rhymes[6] == rhymes[7]
    assert rhymes[4] is None
    assert [form.count_rhyming_lines(rhyme) for rhyme in rhymes if rhyme] == [2, 2, 1, 2, 2, 2, 2, 1]


def test_a_scheme_may_be_longer_than_its_section_or_song() -> None:
    form = compile_form(FormConfig(rhyme="AABAB", structure="AB", lines=3), None)
    (a, b) = (form.line(number).rhyme for number in (0, 2))
    assert a
    assert b
    assert (form.count_rhyming_lines(a), form.count_rhyming_lines(b)) == (2, 1)
    with pytest.raises(OptionError, match="--length: lines that repeat others"):
        compile_form(FormConfig(repeats="3=1"), 20)
