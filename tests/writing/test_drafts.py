from __future__ import annotations

from typing import Any

import pytest

from lyricgen.writing import drafts
from lyricgen.writing.drafts import Draft, pairs_of, score


def of(text: str, *, before: tuple[str, ...] = (), openings: tuple[str, ...] = (), **figures: Any) -> float:
    """The score of a draft each of whose characters, and whose end, has ln p -1."""
    known = {pair for line in before for pair in pairs_of(line)}
    others = {pair for line in openings for pair in pairs_of(line)}
    usual = {"usual_length": len(text), "has_length": True, **figures}
    return score(Draft(text, -float(len(text)), len(text), -1.0, **usual), before, known, others)


def test_a_line_without_defects_has_its_mean_ln_p() -> None:
    assert of("窗外的月亮很圆") == pytest.approx(-1)
    assert of("the moon is full tonight") == pytest.approx(-1)


def test_a_likely_end_counts_more_than_a_character() -> None:
    likely, unlikely = (score(Draft("月亮很圆", -4.0, 4, end, 4, has_length=True), (), ()) for end in (-1, -4))
    assert likely - unlikely == pytest.approx(3 * drafts.END / (4 + drafts.END))


@pytest.mark.parametrize(
    ("line", "penalty", "more"),
    [
        ("窗外的月亮很", drafts.PHRASE, {}),
        ("他给了我一个", drafts.PHRASE, {}),
        ("月亮很圆 像 船", 2 * drafts.PAUSE + drafts.STRAY, {}),
        ("月亮很圆 像 船", drafts.STRAY, {"has_length": False, "usual_length": 8 / drafts.LONGER}),
        ("月亮睡着了", drafts.PARTICLE, {"is_rhymed": True}),
        ("月亮睡着了", 0, {}),
        ("月亮  很圆", drafts.PAUSE + drafts.SPACES, {}),
        ("月亮 很圆", drafts.PAUSE, {}),
        ("like the moon, like  a ship", drafts.SPACES, {}),
        ("窗外月亮很圆", drafts.COPIED, {"copies": True}),
        ("月亮月亮月亮", 3 / 5 * drafts.REPEATED, {}),
        ("窗外月亮很圆", 3 / 5 * drafts.RETURNING, {"before": ("那窗外的", "月亮来", "灯月亮很")}),
        ("你说月亮很圆", drafts.BEGINNING + 0.2 * drafts.RETURNING, {"before": ("你说话", "灯")}),
        ("你说月亮很圆", drafts.BEGINNING, {"before": ("我说话", "灯")}),
        ("月亮很圆", drafts.SAME_FIRST, {"before": ("月下",)}),
        ("窗外月亮很圆", 1 / 5 * drafts.OTHER_SONG, {"openings": ("月亮",)}),
    ],
)
def test_penalties(line: str, penalty: float, more: dict[str, Any]) -> None:
    assert of(line, **more) == pytest.approx(-1 - penalty)


def test_pairs_are_of_characters_or_of_whole_words() -> None:
    assert pairs_of("月亮，很 圆") == ["月 亮", "亮 很", "很 圆"]
    assert pairs_of("Don't stop, love") == ["don't stop", "stop love"]
    assert pairs_of("我love你") == ["我 love", "love 你"]
