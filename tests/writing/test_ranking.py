from __future__ import annotations

import numpy as np
import pytest

from lyricgen.config import SampleConfig
from lyricgen.errors import OptionError
from lyricgen.writing import ranking
from lyricgen.writing.ranking import Figures, Ranked, choose

DIFFERENT = ["山上的雨", "我们回家", "月亮不睡", "海边有船"]


def chosen(figures: list[Figures], songs: list[str] = DIFFERENT, count: int = 1) -> list[Ranked]:
    return choose(list(zip(songs, figures)), count)


def test_the_score_by_its_formula() -> None:
    figures = [Figures(-3.0, 0.9, 4), Figures(-2.5, 0.8, 6), Figures(-2.0, 0.9, 9), Figures(-1.0, 0.2, 30)]
    z = [(np.array(part) - np.mean(part)) / np.std(part) for part in zip(*figures)]
    expected = np.minimum(z[0], 1) + z[1] - z[2]
    found = {song.sample: song.score for song in chosen(figures, count=4)}
    assert [found[number] for number in range(4)] == pytest.approx(expected.tolist())
    assert list(found) == np.argsort(-expected).tolist()


def test_a_part_decides_where_the_others_are_equal() -> None:
    same = Figures(-2.0, 0.8, 5)
    assert chosen([same, same._replace(log_probability=-1.5), same])[0].sample == 1
    assert chosen([same, same, same._replace(variety=0.9)])[0].sample == 2
    assert chosen([same._replace(longest_copy=9), same, same._replace(longest_copy=6)])[0].sample == 1
    assert [song.score for song in chosen([same, same, same], count=3)] == [0, 0, 0]


def test_no_part_counts_beyond_its_bounds() -> None:
    usual = [Figures(-2.0 - number / 100, 0.8, 5) for number in range(20)]
    songs = [chr(0x4E00 + number) * 3 for number in range(21)]
    (extreme,) = [song for song in chosen([*usual, Figures(-0.1, 0.01, 99)], songs, 21) if song.sample == 20]
    assert extreme.score == ranking.LIKELY - 2 * ranking.FARTHEST


def test_copies_do_not_count_where_no_text_is_known() -> None:
    figures = [Figures(-2.0, 0.8, None), Figures(-2.5, 0.9, None), Figures(-2.5, 0.7, None)]
    assert [song.sample for song in chosen(figures, count=3)] == [0, 1, 2]


def test_songs_that_are_alike_are_passed_over_while_there_are_others() -> None:
    songs = ["山上的雨下了", "山上的雨停了", "我们回家", "我们回家"]
    figures = [Figures(-2.0 - number / 10, 0.8, 5) for number in range(4)]
    assert [song.sample for song in chosen(figures, songs, 2)] == [0, 2]
    assert [song.sample for song in chosen(figures, songs, 3)] == [0, 1, 2]
    assert [song.sample for song in chosen(figures, songs, 4)] == [0, 1, 2, 3]


def test_songs_without_a_pair_and_none_at_all() -> None:
    assert len(chosen([Figures(0.0, 0.0, 0)] * 3, ["", "", "山"], 2)) == 2
    assert choose([], 1) == []


def test_variety() -> None:
    assert ranking.variety("山上\n下雨") == 1
    assert ranking.variety("山上\n山上") == 0.25
    assert ranking.variety("") == 0


@pytest.mark.parametrize(
    ("best_of", "samples", "config", "words"),
    [
        (0, 1, {}, "--best-of: 0 is not from 1 to 1,000"),
        (1001, 1, {}, "--best-of: 1,001"),
        (3, 4, {}, "--samples: 4 songs cannot be the best of 3"),
        (3, 1, {"temperature": 0.0}, "--temperature 0 writes the same song"),
    ],
)
def test_what_cannot_be_chosen(best_of: int, samples: int, config: dict[str, float], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        ranking.check(best_of, samples, SampleConfig(**config))  # type: ignore[arg-type]
