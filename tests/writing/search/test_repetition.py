from __future__ import annotations

import numpy as np

from lyricgen.writing.search.repetition import penalise, would_repeat


def test_what_would_repeat() -> None:
    assert would_repeat(["春天来", "天，上"], "春", 2) == {"天"}
    assert would_repeat(["春天来", "天，上"], "白天", 2) == {"来", "上"}
    assert would_repeat(["春天来"], "", 1) == {"春", "天", "来"}
    assert would_repeat([], "啦啦", 2) == {"啦"}
    assert would_repeat(["春天来"], "春", 3) == set()


def test_a_penalty_divides_probabilities_whatever_the_offset_of_the_logits() -> None:
    logits = np.array([[0.0, -2.0, 1.0, -5.0]], np.float32)
    recent, counted = np.array([[-1, 1, 3, 1]]), np.array([False, True, True, False])
    for offset in (0, -100, 100):
        changed = penalise(logits + np.float32(offset), recent, counted, 2.0) - np.float32(offset)
        np.testing.assert_allclose(np.exp(changed - logits), [[1, 0.5, 1, 1]], rtol=1e-4)
