from __future__ import annotations

import random
import re

import pytest
from pypinyin import Style, lazy_pinyin
from pypinyin.phrases_dict import phrases_dict

from lyricgen.text import corpus
from lyricgen.writing.form import readings
from lyricgen.writing.form.rhyme import GROUPS, Rhymer, either, line_ending

LOOSE, STRICT = Rhymer(), Rhymer(strict=True)


@pytest.mark.parametrize(
    ("line", "group", "final"),
    [
        ("光", "江阳", "uang"),
        ("家", "发花", "ia"),
        ("我", "梭坡", "uo"),
        ("夜", "乜斜", "ie"),
        ("月", "乜斜", "ve"),
        ("路", "姑苏", "u"),
        ("雨", "一七", "v"),
        ("诗", "一七", "-i"),
        ("字", "一七", "-i"),
        ("儿", "一七", "er"),
        ("来", "怀来", "ai"),
        ("水", "灰堆", "uei"),
        ("桥", "遥条", "iao"),
        ("秋", "油求", "iou"),
        ("年", "言前", "ian"),
        ("远", "言前", "van"),
        ("云", "人辰", "vn"),
        ("春", "人辰", "uen"),
        ("风", "中东", "eng"),
        ("红", "中东", "ong"),
        ("熊", "中东", "iong"),
        ("月光……！", "江阳", "uang"),
        ("7", None, None),
        ("", None, None),
        ("？！", None, None),
        ("I see the light.", "AY T", "AY T"),
        ("station", "AH N", "EY SH AH N"),
        ("qzx", None, None),
        ("他说 hello", "OW", "OW"),
        ("don't", "OW N T", "OW N T"),
        ("keep runnin’", "IH NG", "AH N IH NG"),
        ("just 'cause", "AH Z", "AH Z"),
        ("our Café", "EY", "EY"),
        ("I am 24", "AO R", "AO R"),
    ],
)
def test_classes(line: str, group: str | None, final: str | None) -> None:
    assert LOOSE.of_line(line) == group
    assert STRICT.of_line(line) == final


def test_a_phrase_decides_between_readings() -> None:
    assert LOOSE.of_line("我在银行") == LOOSE.of_line("我在銀行") == "江阳"
    assert LOOSE.of_line("我们步行") == LOOSE.of_line("我們步行") == "中东"
    assert LOOSE.of_character("行") >= {"江阳", "中东"}


@pytest.mark.parametrize("rhymer", [LOOSE, STRICT])
def test_the_end_of_a_line_tells_how_it_is_read(rhymer: Rhymer) -> None:
    """Reading the whole line gives the same class, for real lines and for such as end in any two characters."""
    lines = [line for line in "".join(corpus.read([])).split("\n") if line]
    several = [
        each for each in sorted({*"".join(lines)} - readings.table().keys()) if len(rhymer.of_character(each)) > 1
    ]
    rng = random.Random(1)
    made = [rng.choice(lines) + rng.choice(several) for _ in range(3000)]
    read = [line for line in [*lines[:4000], *made] if line[-1] in several]
    assert len(read) > 3000
    for line in read:
        run = re.split("[\x00-\x7f，。！？]", line)[-1]
        assert rhymer.of_line(line) == rhymer._of_reading(lazy_pinyin(run, style=Style.TONE)[-1]), line


def test_a_character_with_one_class_has_it_in_every_phrase() -> None:
    """So its line need not be read; in pypinyin's own list of phrases."""
    for phrase, spoken in phrases_dict.items():
        classes = LOOSE.of_character(phrase[-1])
        if len(classes) == 1:
            name = LOOSE._of_reading(spoken[-1][0])
            assert name is None or {name} == classes, phrase


@pytest.mark.parametrize(
    ("one", "other"), [("rain", "again"), ("been", "seen"), ("live", "give"), ("live", "five"), ("lovin'", "giving")]
)
def test_english_lines_rhyme_by_any_of_their_pronunciations(one: str, other: str) -> None:
    assert LOOSE.classes_of_line(one) & LOOSE.classes_of_line(other)
    assert one in LOOSE.words(either(LOOSE.classes_of_line(other))) or "'" in one


def test_numbers_are_english_among_english_words_only() -> None:
    assert LOOSE.of_line("我们 24") is None
    assert LOOSE.of_line("24") is None
    assert LOOSE.of_line("you and 24") == "AO R"


def test_there_are_thirteen_groups_that_share_no_final() -> None:
    finals = [final for group in GROUPS.values() for final in group.split()]
    assert len(GROUPS) == 13
    assert len(finals) == len(set(finals))


def test_words_of_a_class() -> None:
    assert {"light", "night", "white"} <= LOOSE.words("AY T")
    assert not LOOSE.words("江阳")
    assert not STRICT.words("ang")


@pytest.mark.parametrize(
    ("line", "last"),
    [
        ("月光。", "光"),
        ("", ""),
        ("！", ""),
        ("a Song?", "song"),
        ("去 ok", "ok"),
        ("ok 去", "去"),
        ("五5", "5"),
        ("at 24!", "24"),
    ],
)
def test_what_a_line_ends_in(line: str, last: str) -> None:
    assert line_ending(line) == last
