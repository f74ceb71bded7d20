from __future__ import annotations

from lyricgen.writing.search.repetition import would_repeat


def test_what_would_repeat() -> None:
    assert would_repeat(["春天来", "天，上"], "春", 2) == {"天"}
    assert would_repeat(["春天来", "天，上"], "白天", 2) == {"来", "上"}
    assert would_repeat(["春天来"], "", 1) == {"春", "天", "来"}
    assert would_repeat([], "啦啦", 2) == {"啦"}
    assert would_repeat(["春天来"], "春", 3) == set()
