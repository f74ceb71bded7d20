"""The checker itself: it accepts songs that keep what was asked, and names what others break."""

from __future__ import annotations

from typing import Any

import pytest
from support.checker import broken, final, rhyme

GOOD: list[tuple[str, dict[str, Any]]] = [
    ("春天来了\n\n风吹", {"form": "4/2"}),
    ("春天\n\n风吹", {"form": "2/", "lines": 2}),
    ("春，天。\n风吹", {"line_length": 2, "lines": 2}),
    ("春天\n夏天", {"acrostic": "春 夏"}),
    ("月光\n回家\n太阳\n小河", {"rhyme": "A-A-"}),
    ("月光\n太阳\n山头\n北风\n天空\n开花", {"rhyme": "AA-", "lines": 6}),
    ("月光\n月光", {"rhyme": "AA", "rhyme_identical": True}),
    ("窗\n床", {"rhyme": "AA", "rhyme_by": "final"}),
    ("月光\n太阳", {"rhyme": "AA", "rhyme_with": "方"}),
    ("my light\nthe night", {"rhyme": "AA", "rhyme_with": "white"}),
    ("春天\n\n夏天\n\n秋天\n\n夏天", {"structure": "VCVC", "lines": 1}),
    ("春天\n\n夏天\n\n春天", {"structure": "主1副主1", "lines": 1}),
    ("春天\n天上", {"lines": 2, "no_repeat": 2}),
    ("春夏秋", {"length": 3, "max_copy": 2}),
    ("春夏\n秋冬", {"line_length": 2, "length": 6}),
    ("春夏秋", {"length": 3, "ban": "冬,春秋"}),
    ("春天，来了\n雨打风吹", {"form": "平平+中中,仄仄平平"}),
    ("春天来\n雨打\n\n春天来\n雨打", {"form": "ｐｐｘ，仄ｚ／", "lines": 4}),
    ("我的家\n爸爸的家", {"form": "zzp,zxpp"}),
    ("风月\n想一想什么", {"form": "pz,*"}),
    ("春天a\n风9", {"form": "pp中,px"}),
    ("银行\n行走", {"form": "pp,pz"}),
    ("春天\n\n雨打\n春天", {"form": "pp/zz,=1"}),
    ("天上\n开花\n\n天上\n开花", {"structure": "CC", "lines": 2, "form": "pz,pp"}),
    ("白鸟\n一月", {"form": "zz,zz", "tones_by": "classical"}),
    ("看月\n看风", {"form": "pz,zp", "tones_by": "classical"}),
    ("月光\n山头\n月光\n山头\n远方", {"form": "2A,2,=1-2,2A"}),
    ("春天\n雨打\n春天", {"form": "pp,zz,＝１", "no_repeat": 2}),
    ("清晨\n星空", {"rhyme": "AA", "rhyme_by": "near"}),
    ("月光\n远山\n回家", {"rhyme": "AAB", "rhyme_by": "near"}),
    ("有雨\n看月亮", {"lines": 2, "words": "月亮，雨"}),
    ("My Love, my\nlovely days", {"lines": 2, "words": "love,LOVELY days"}),
    ("'love' of us", {"lines": 1, "words": "love"}),
    ("I can't go home\nmy only song", {"form": "4s,4s"}),
    ("春天来了 雨打风吹\n山上，有雨", {"form": "4+4,2+2"}),
    ("我在山上\n你被看光", {"form": "4A2,4A"}),
    ("春天\n\n大海", {"form": "^春/2^大"}),
    ("月光\n山头\n北风\n水流\n太阳\n回家", {"form": "A,B,*,B,C,*"}),
    ("any number of words\n\nhere\n\nfire and\n\nday", {"form": "*/1s/", "lines": 4}),
]
BAD: list[tuple[str, dict[str, Any], str]] = [
    ("春夏秋", {"length": 3, "ban": "冬,夏秋"}, "says 夏秋"),
    ("春天来了\n风吹", {"form": "4/2"}, "0 blank lines before line 1, not 1"),
    ("春天\n\n风吹", {"form": "2,2"}, "1 blank lines before line 1, not 0"),
    ("春天\n\n风吹", {"lines": 2}, "1 blank lines before line 1, not 0"),
    ("\n春天\n风吹", {"lines": 2}, "1 blank lines before line 0, not 0"),
    ("春天\n风吹\n", {"lines": 2}, "ends in a line end"),
    ("春天\n风吹", {"lines": 3}, "2 lines, not 3"),
    ("春天", {"length": 9, "acrostic": "春夏"}, "1 lines are too few"),
    ("春，天\n风吹来", {"line_length": 3, "lines": 2}, "2 counted, not 3"),
    ("春天\n天上", {"acrostic": "春 夏"}, "does not begin with 夏"),
    ("月光\n回家\n小河\n小河", {"rhyme": "A-A-"}, "do not rhyme"),
    ("月光\n太阳\n远方\n北风\n回家\n开花", {"rhyme": "A-A", "lines": 6}, "do not rhyme"),
    ("月光\n太阳\n远方\n城墙", {"rhyme": "AABB"}, "two letters rhyme"),
    ("月光\n月光", {"rhyme": "AA"}, "end in the same"),
    ("my light\nno light", {"rhyme": "AA"}, "end in the same"),
    ("窗\n江", {"rhyme": "AA", "rhyme_by": "final"}, "do not rhyme"),
    ("station\nfashion", {"rhyme": "AA", "rhyme_by": "final"}, "do not rhyme"),
    ("月光\n太阳", {"rhyme": "AA", "rhyme_with": "风"}, "do not rhyme with 风"),
    ("月光\n\n北风", {"structure": "VC", "lines": 1, "rhyme": "A"}, "do not rhyme"),
    ("春天\n\n夏天\n\n春风", {"structure": "CBC", "lines": 1}, "line 2 is not line 0"),
    ("春天来\n春，天上", {"lines": 2, "no_repeat": 2}, "says 春天 again"),
    ("春夏秋冬", {"length": 4, "max_copy": 2}, "copies '夏秋冬'"),
    ("春夏\n秋冬", {"line_length": 2, "length": 4}, "too long"),
    ("春夏", {"length": 4}, "2 characters, not 4"),
    ("春天来\n雨打", {"form": "ppp,pz"}, "line 1: 雨 is 仄, not p"),
    ("春天来\n雨打风", {"form": "平平平,仄仄"}, "line 1: 3 counted, not 2"),
    ("春a\n雨打", {"form": "pp,zz"}, "a is of no tone, not p"),
    ("银行\n行走", {"form": "pp,zz"}, "行 is 平, not z"),
    ("春天\n雨打", {"form": "pp/zz"}, "0 blank lines before line 1, not 1"),
    ("春天\n雨打", {"form": "pp,zz,pp"}, "2 lines, not 3"),
    ("春天\n雨打来", {"form": "pp,2"}, "3 counted, not 2"),
    ("白鸟\n一月", {"form": "pz,zz", "tones_by": "classical"}, "白 is 仄, not p"),
    ("月光\n山头\n月下", {"form": "*,*,=1"}, "line 2 is not line 0"),
    ("月光\n山头", {"form": "*,*,=1"}, "2 lines, not 3"),
    ("月光\n山头\n月光\n开花", {"form": "*,*,=1", "rhyme": "A-AA", "lines": 4}, "do not rhyme"),
    ("月光\n月光", {"rhyme": "AA", "rhyme_by": "near"}, "end in the same"),
    ("清晨\n星空\n远山", {"rhyme": "AAA", "rhyme_by": "near"}, "do not rhyme"),
    ("清晨\n星空", {"rhyme": "AB", "rhyme_by": "near"}, "two letters rhyme"),
    ("清晨\n星空", {"rhyme": "AA"}, "do not rhyme"),
    ("有月\n亮的雨", {"lines": 2, "words": "月亮,雨"}, "does not say 月亮"),
    ("my lovely\nlove's day", {"lines": 2, "words": "love"}, "does not say love"),
    ("春天来了雨打风吹", {"form": "4+4"}, "pauses after [], not [4]"),
    ("春 天来", {"form": "平平平"}, "pauses after [1], not []"),
    ("我在山上\n你看月亮", {"form": "4A2,4A2"}, "do not rhyme"),
    ("月光\n\n山头\n\n北风\n\n开花", {"structure": "VCVC", "lines": 1}, "line 3 is not line 1"),
    ("I can't go home\nmy song", {"form": "4s,4s"}, "line 1: 2 syllables, not 4"),
    ("I can't go qwrt\nmy song", {"form": "4s,2s"}, "line 0: None syllables, not 4"),
    ("I go 9 times", {"form": "4s"}, "line 0: None syllables, not 4"),
    ("one day\none day", {"form": "2s/2s"}, "0 blank lines before line 1, not 1"),
]
CORPUS = "我夏秋冬"


@pytest.mark.parametrize(("song", "asked"), GOOD, ids=str)
def test_a_song_that_keeps_its_form_is_accepted(song: str, asked: dict[str, Any]) -> None:
    assert broken(song, corpus=CORPUS, **asked) == []


@pytest.mark.parametrize(("song", "asked", "fault"), BAD, ids=str)
def test_what_a_song_breaks_is_named(song: str, asked: dict[str, Any], fault: str) -> None:
    (found,) = broken(song, corpus=CORPUS, **asked)
    assert fault in found


def test_a_copy_within_the_prefix_is_the_user_s() -> None:
    assert broken("夏秋冬天", "夏秋冬", CORPUS, length=1, max_copy=2) == []
    assert broken("夏秋冬天", "夏秋", CORPUS, length=2, max_copy=2) == ["copies '夏秋冬'"]


@pytest.mark.parametrize(
    ("line", "group", "exact"),
    [
        ("月", "乜斜", "ve"),
        ("夜", "乜斜", "ie"),
        ("远", "言前", "van"),
        ("云", "人辰", "vn"),
        ("春", "人辰", "uen"),
        ("水", "灰堆", "uei"),
        ("秋", "油求", "iou"),
        ("诗", "一七", "-i"),
        ("雨", "一七", "v"),
        ("儿", "一七", "er"),
        ("路", "姑苏", "u"),
        ("我", "梭坡", "uo"),
        ("家", "发花", "ia"),
        ("来", "怀来", "ai"),
        ("桥", "遥条", "iao"),
        ("熊", "中东", "iong"),
        ("翁", "中东", "ueng"),
        ("我在银行！", "江阳", "ang"),
        ("步行", "中东", "ing"),
    ],
)
def test_classes_of_rhyme(line: str, group: str, exact: str) -> None:
    assert (rhyme(line), final(line)) == (group, exact)
