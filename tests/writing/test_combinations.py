"""Random combinations of all controls, judged by a checker that was written apart."""

from __future__ import annotations

from typing import Any

from checker import broken
from forms import songs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lyricgen.errors import LyricgenError
from lyricgen.model.checkpoint import Checkpoint

LENGTH = st.integers(3, 8)
STANZA = st.lists(st.one_of(LENGTH.map(str), st.just("*")), min_size=1, max_size=3).map(",".join)
FORM = st.tuples(st.lists(STANZA, min_size=1, max_size=2).map("/".join), st.sampled_from(["", "/"])).map("".join)
SCHEME = st.text("AB-", min_size=1, max_size=4).filter(lambda scheme: scheme.strip("-"))
CONTROLS = st.fixed_dictionaries(
    {},
    optional={
        "lines": st.integers(1, 6),
        "length": st.integers(5, 60),
        "line_length": LENGTH,
        "form": FORM,
        "acrostic": st.text("我想 你回家", min_size=1, max_size=5),
        "rhyme": SCHEME,
        "rhyme_with": st.sampled_from(["光", "风", "家", "心"]),
        "rhyme_strict": st.booleans(),
        "rhyme_identical": st.booleans(),
        "structure": st.text("AB", min_size=1, max_size=3),
        "no_repeat": st.integers(2, 4),
        "max_copy": st.integers(3, 6),
        "repetition_penalty": st.sampled_from([1.5, 3.0]),
        "temperature": st.sampled_from([0.5, 1.0, 1.5]),
        "top_k": st.integers(5, 300),
        "top_p": st.sampled_from([0.5, 0.9]),
        "particles": st.integers(2, 4),
        "beam": st.integers(2, 6),
    },
)


@given(CONTROLS, st.sampled_from(["", "我"]), st.integers(0, 99))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_songs_keep_every_combination_or_one_line_says_why(
    counted: Checkpoint, asked: dict[str, Any], prefix: str, seed: int
) -> None:
    try:
        written = songs(counted, asked, prefix=prefix, seed=seed, samples=2)
    except LyricgenError:
        return
    assert counted.text is not None
    corpus = counted.text.text("train")
    for song in written:
        assert song.startswith(prefix)
        assert not broken(song, prefix, corpus, **asked), (asked, song)
