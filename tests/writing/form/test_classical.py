from __future__ import annotations

import pytest

from lyricgen.writing.form import classical

LEVEL = "东風风人天山花春江南秋平云儿虫宁"
OBLIQUE = "白国國十竹月一不石铁雪我有上下去是酒柳水落绿种县"
EITHER = "看思中为教过望忘听长重论应"


@pytest.mark.parametrize(
    ("characters", "tones"), [(LEVEL, {"p"}), (OBLIQUE, {"z"}), (EITHER, {"p", "z"}), ("她啊a1。", set())]
)
def test_characters_that_are_known_well(characters: str, tones: set[str]) -> None:
    assert {character: classical.tones(character) for character in characters} == dict.fromkeys(characters, tones)


@pytest.mark.parametrize("pair", ["东東", "过過", "为爲", "为為", "听聽", "着著", "床牀", "云雲", "样樣", "众眾"])
def test_a_simplified_character_has_the_tones_of_its_traditional_form(pair: str) -> None:
    assert classical.tones(pair[0]) == classical.tones(pair[1]) != frozenset()


def test_the_stops_that_are_level_today_are_oblique() -> None:
    assert all(classical.tones(character) == {"z"} for character in "白石十竹节国学读别独昨夕泽敌笛")
