from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from lyricgen.text.cleaning import Removed, clean
from lyricgen.text.credits import Kind, kind_of
from lyricgen.text.stamps import read_line

SONGS = Path(__file__).with_name("credits.txt")
VERSE = """
    山上的雨下了一整夜 我们不分开 窗外的人慢慢走远 你看那座山 风吹过旧巷口 灯还亮着 谁把影子留在墙上 天快要亮了
    河水带走了去年的叶子 我没有回头 远处的火车还在响 你在不在听
""".split()  # noqa: SIM905


class Judged(NamedTuple):
    """Lines of a song: credits, and all others."""

    text: str
    credits: Counter[str]
    sung: Counter[str]


def judged() -> Iterator[Judged]:
    """The songs of the file."""
    text = "\n".join(line for line in SONGS.read_text("utf-8").splitlines() if not line.startswith("#"))
    for song in filter(None, text.split("\n\n")):
        verse = itertools.cycle(VERSE)
        lines = []
        for line in song.strip("\n").split("\n"):
            lines += itertools.islice(verse, 4) if line == "…" else [line]
        words = [line.partition(" ")[2] if line[:2] in ("- ", "+ ") else line for line in lines]
        shown = [read_line(line).words for line in words]
        is_credit = [line.startswith("- ") for line in lines]
        yield Judged(
            "\n".join(words),
            Counter(itertools.compress(shown, is_credit)),
            Counter(line for line, credit in zip(shown, is_credit) if not credit),
        )


def test_credits_go_and_what_looks_like_them_stays() -> None:
    """Precision: of the lines that are removed, the share of credits. Recall: of the credits, the share removed."""
    removed: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    left: Counter[str] = Counter()
    for song in judged():
        kept = Counter("\n".join(clean(song.text, Removed())).split("\n"))
        removed += song.credits - kept
        left += song.credits & kept
        lost += song.sung - kept
    assert sum((removed + left).values()) > 300
    precision = sum(removed.values()) / sum((removed + lost).values())
    recall = sum(removed.values()) / sum((removed + left).values())
    assert precision >= 0.995, lost
    assert recall >= 0.99, left


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("作词：林一舟", Kind.SURE),
        ("監製：許見山", Kind.SURE),
        ("Mixed by Tom Hale at Harbor Light", Kind.SURE),
        ("词: 林一舟 曲: 周小满", Kind.SURE),
        ("鼓：方小军", Kind.LIKELY),
        ("Bass: Leo Sand", Kind.LIKELY),
        ("手碟：严冬", Kind.NAMED),
        ("鼓：我听见你的心跳", Kind.POSSIBLE),
        ("鼓：咚咚咚", Kind.POSSIBLE),
        ("他说：走", Kind.SUNG),
        ("爱情：是我的病", Kind.SUNG),
        ("作曲家的梦", Kind.SUNG),
        ("written by the moon", Kind.SUNG),
    ],
)
def test_what_a_line_looks_like_by_itself(line: str, kind: Kind) -> None:
    assert kind_of(line) is kind


def test_a_label_counts_among_credits_only() -> None:
    head, verse = "作词：林一舟\n作曲：周小满\n", "山上的雨\n我们不分开\n雨停了以后\n你看那座山"
    assert list(clean(f"{head}手碟：严冬\n{verse}", Removed())) == [verse]
    assert list(clean(f"{verse}\n手碟：严冬\n{verse}", Removed())) == [f"{verse}\n手碟：严冬\n{verse}"]
    for first in ("妈妈：你为什么哭了", "阳光：照在旧巷口的墙上"):
        assert list(clean(f"{head}{first}\n{verse}", Removed())) == [f"{first}\n{verse}"]
