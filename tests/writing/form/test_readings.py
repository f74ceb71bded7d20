from __future__ import annotations

import pytest
from pypinyin.constants import PINYIN_DICT
from support.endings import ENDINGS, LINES

from lyricgen.text.script import simplified
from lyricgen.writing.form import readings
from lyricgen.writing.form.rhyme import Rhymer
from lyricgen.writing.form.tones import Tones


def test_the_ends_of_lines_are_read_as_they_are_sung() -> None:
    rhymer, tones = Rhymer(), Tones()
    wrong = [
        line
        for line, group, allowed in ENDINGS
        if rhymer.of_line(line) != group or tones.of_line(line)[-1] not in allowed
    ]
    assert len(ENDINGS) > 600
    assert len(wrong) < 0.01 * len(ENDINGS), wrong  # another version of pypinyin may know other phrases


def test_the_table_gives_readings_that_the_characters_have_behind_so_many_characters() -> None:
    for last, rows in readings.table().items():
        known = {*PINYIN_DICT[ord(last)].split(","), "~"}
        assert known.issuperset(rows.values()), last
        assert max(map(len, rows)) <= readings._LONGEST, last


def test_a_table() -> None:
    table = readings.parse("# a comment\nN = 一两\n\n行 háng N 第N\n行 xíng * 同\n行 háng AA")
    before = {"一": "háng", "两": "háng", "第一": "háng", "第两": "háng", "*": "xíng", "同": "xíng", "AA": "háng"}
    assert table == {"行": before}


@pytest.mark.parametrize(
    ("line", "reading"),
    [
        ("睡不着", "zháo"),
        ("睡不著", "zháo"),
        ("执着", "zhuó"),
        ("他们争执着", "zhe"),
        ("轻轻地", "de"),
        ("心地", "dì"),
        ("花儿", "hua"),
        ("月儿", "yue"),
        ("会儿", "hui"),
        ("孩子们的小曲儿", "qu"),
        ("儿", "ér"),
        ("，儿", "ér"),
        ("a儿", "ér"),
        ("*还", "huán"),
        ("头发", "fà"),
        ("頭髮", "fà"),
        ("出發", "fā"),
        ("理發", "fā"),
        ("理髮", "fà"),
        ("是麼", "ma"),
        ("什麼", "me"),
        ("a", ""),
        ("", ""),
    ],
)
def test_the_end_of_a_line(line: str, reading: str) -> None:
    assert readings.of_end(line) == reading


def test_more_characters_before_the_last_one_count_more() -> None:
    table = readings.table()["中"]
    assert table["命"] != table["生命"] == readings.of_end("我的生命中")


@pytest.mark.parametrize("line", ["銀行", "音樂", "睡覺", "漫長", "活著", "執著", "勉強", "顯著", "頭髮"])
def test_traditional_phrases_are_read_as_simplified_ones(line: str) -> None:
    assert len(simplified(line)) == len(line)
    assert readings.in_phrase(line) == readings.in_phrase(simplified(line))
    assert readings.segments(f"我{line}") == ["我", line]


def test_what_may_change_a_reading_is_known_by_the_character_before_the_last() -> None:
    """Any character that is read otherwise than alone is among those that may follow so."""
    for line in LINES:
        if readings.of_end(line) != readings.at_end(line[-1]):
            assert line[-1] in readings.lasts_behind(line[-2]), line
