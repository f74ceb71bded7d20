from __future__ import annotations

from collections.abc import Iterable

import pytest

from lyricgen.engine.explosion import Explosion


def told(steps: Iterable[tuple[float, float]]) -> list[float]:
    """What is said of steps with these norms and losses."""
    explosion = Explosion()
    return [explosion.ratio(norm, loss) for norm, loss in steps]


def test_a_norm_explodes_that_is_far_beyond_the_usual_one_where_the_loss_is_high() -> None:
    before = [(0.5, 8.0), (2.0, 6.0)]
    assert told([*before, (300.0, 11.0)]) == [0, 0, pytest.approx(300)], "times the geometric mean of 0.5 and 2"
    assert not any(told([*before, (300.0, 10.0)])), "less than 1.5 times the mean of 8 and 6"
    assert not any(told([*before, (49.0, 80.0)]))
    assert any(told([*before, *[(40.0, 80.0)] * 200, (4000.0, 80.0)])), "the loss has been high for long"
    assert any(told((1.05**step, 4 * 1.01**step) for step in range(300))), "slowly, too"


def test_what_is_usual_may_change_and_small_norms_vary() -> None:
    assert not any(told([(0.01, 0.1)] * 200 + [(0.9, 9.0)]))
    assert not any(told([(0.0, 0.0), (1e-9, 1.0), (0.9, 8.0)]))
    later = [(0.3, 4.0)] * 300 + [(6.0, 5.0)] * 300
    assert not any(told([*later, (250.0, 9.0)])), "the usual norm is 6 by then"
    assert any(told([*later, (400.0, 9.0)]))
