from __future__ import annotations

import pytest
from pypinyin import Style, lazy_pinyin

from lyricgen.text import corpus
from lyricgen.writing.form.rhyme import is_counted
from lyricgen.writing.form.tones import ClassicalTones, Tones, fits

OF_NUMBER = {"1": "p", "2": "p", "3": "z", "4": "z", "5": "*"}


@pytest.mark.parametrize(
    ("line", "tones"),
    [
        ("山水", "pz"),
        ("长江", "pp"),
        ("长大", "zz"),
        ("银行 行人", "pppp"),
        ("我的", "z*"),
        ("a1山", "--p"),
        ("", ""),
        ("，山…水", "pz"),
        ("月亮", "zz"),
        ("一定", "pz"),
        ("執著", "pp"),
        ("路太长", "zzp"),
        ("路太长了", "zzz*"),
    ],
)
def test_modern_tones_of_a_line(line: str, tones: str) -> None:
    assert [tone or "-" for tone in Tones().of_line(line)] == list(tones)


def test_every_line_of_the_embedded_corpus_is_read_as_pypinyin_does_but_for_its_end() -> None:
    tones = Tones()
    for line in "".join(corpus.read([])).split("\n")[:3000]:
        readings = lazy_pinyin(line, style=Style.TONE3, neutral_tone_with_five=True, errors=list)
        counted = [reading for character, reading in zip(line, readings) if is_counted(character)]
        expected = [OF_NUMBER.get(each[-1], "") if len(each) > 1 else "" for each in counted]
        assert tones.of_beginning(line) == expected
        assert tones.of_line(line)[:-1] == expected[:-1]


def test_classical_tones_of_a_line() -> None:
    assert ClassicalTones().of_line("白日依山尽，a") == ["z", "z", "p", "p", "z", ""]
    assert ClassicalTones().alone("看") == "*"


def test_what_fits() -> None:
    assert all(fits(tone, "*") for tone in ("p", "z", "*", ""))
    assert [tone for tone in ("p", "z", "*", "") if fits(tone, "p")] == ["p", "*"]
