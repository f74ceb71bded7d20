"""What units follow."""

from __future__ import annotations

import numpy as np

from lyricgen.inspection.features import END, PLACE, features
from lyricgen.inspection.units import follow

TEXT = "".join("山" * (3 + number * 5 % 7) + "\n" for number in range(60))
FOUND = features(TEXT)


def test_units_that_follow_and_units_that_do_not() -> None:
    noise = np.random.default_rng(1).normal(size=(len(TEXT), 3))
    place, end = -FOUND[PLACE] + noise[:, 1], FOUND[END] + 0.1 * noise[:, 2]
    values = np.stack([noise[:, 0], place, end, 0 * end], axis=1)
    states = follow("layer 1, hidden state", values, FOUND)
    assert states.follows == ("", PLACE, END, "")
    assert states.order.tolist() == [2, 1, 0, 3]
    expected = np.corrcoef(values[:, 1], FOUND[PLACE])[0, 1]
    assert abs(states.correlation[1] - expected) < 1e-9
    assert states.correlation[1] < 0
    assert states.correlation[3] == 0
    assert states.followers() == {PLACE: [1], END: [2]}
    assert [each["unit"] for each in states.figures()] == [3, 2, 1, 4]


def test_slow_noise_follows_nothing() -> None:
    """Values that change as slowly as a text does correlate with it by chance; a bound for white noise would not do."""
    rng = np.random.default_rng(2)
    walks = np.zeros((len(TEXT), 200))
    for t in range(1, len(TEXT)):
        walks[t] = 0.95 * walks[t - 1] + rng.normal(size=200)
    assert sum(map(bool, follow("noise", walks, FOUND).follows)) <= 2
    white = np.abs(np.corrcoef(walks.T, FOUND[PLACE])[-1, :-1]) > 4 / np.sqrt(len(TEXT))
    assert white.sum() == 0 or white.sum() > 2


def test_a_text_without_features() -> None:
    states = follow("a", np.ones((2, 3)), {})
    assert states.follows == ("", "", "")
    assert states.order.tolist() == [0, 1, 2]
