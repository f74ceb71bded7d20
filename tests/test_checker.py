"""The checker itself: it accepts songs that keep what was asked, and names what others break."""

from __future__ import annotations

from typing import Any

import pytest
from checker import broken, final, rhyme

GOOD: list[tuple[str, dict[str, Any]]] = [
    ("春天来了\n\n风吹", {"form": "4/2"}),
    ("春天\n\n风吹", {"form": "2/", "lines": 2}),
    ("春，天。\n风吹", {"line_length": 2, "lines": 2}),
    ("春天\n夏天", {"acrostic": "春 夏"}),
    ("月光\n回家\n太阳\n小河", {"rhyme": "A-A-"}),
    ("月光\n太阳\n山头\n北风\n天空\n开花", {"rhyme": "AA-", "lines": 6}),
    ("月光\n月光", {"rhyme": "AA", "rhyme_identical": True}),
    ("窗\n床", {"rhyme": "AA", "rhyme_strict": True}),
    ("月光\n太阳", {"rhyme": "AA", "rhyme_with": "方"}),
    ("my light\nthe night", {"rhyme": "AA", "rhyme_with": "white"}),
    ("春天\n\n夏天\n\n春天", {"structure": "ABA", "lines": 1}),
    ("春天\n天上", {"lines": 2, "no_repeat": 2}),
    ("春夏秋", {"length": 3, "max_copy": 2}),
    ("春夏\n秋冬", {"line_length": 2, "length": 6}),
    ("春夏秋", {"length": 3, "ban": "冬,春秋"}),
]  # fmt: skip
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
    ("窗\n江", {"rhyme": "AA", "rhyme_strict": True}, "do not rhyme"),
    ("station\nfashion", {"rhyme": "AA", "rhyme_strict": True}, "do not rhyme"),
    ("月光\n太阳", {"rhyme": "AA", "rhyme_with": "风"}, "do not rhyme with 风"),
    ("月光\n\n北风", {"structure": "AB", "lines": 1, "rhyme": "A"}, "do not rhyme"),
    ("春天\n\n夏天\n\n春风", {"structure": "ABA", "lines": 1}, "section A changes"),
    ("春天来\n春，天上", {"lines": 2, "no_repeat": 2}, "says 春天 again"),
    ("春夏秋冬", {"length": 4, "max_copy": 2}, "copies '夏秋冬'"),
    ("春夏\n秋冬", {"line_length": 2, "length": 4}, "too long"),
    ("春夏", {"length": 4}, "2 characters, not 4"),
]  # fmt: skip
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
        ("月", "乜斜", "ve"), ("夜", "乜斜", "ie"), ("远", "言前", "van"), ("云", "人辰", "vn"), ("春", "人辰", "uen"),
        ("水", "灰堆", "uei"), ("秋", "油求", "iou"), ("诗", "一七", "-i"), ("雨", "一七", "v"), ("儿", "一七", "er"),
        ("路", "姑苏", "u"), ("我", "梭坡", "uo"), ("家", "发花", "ia"), ("来", "怀来", "ai"), ("桥", "遥条", "iao"),
        ("熊", "中东", "iong"), ("翁", "中东", "ueng"), ("我在银行！", "江阳", "ang"), ("步行", "中东", "ing"),
    ],
)  # fmt: skip
def test_classes_of_rhyme(line: str, group: str, exact: str) -> None:
    assert (rhyme(line), final(line)) == (group, exact)
