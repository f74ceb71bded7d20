"""Random combinations of all controls, judged by a checker that was written apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st
from support.checker import broken

import lyricgen
from lyricgen.api import Model
from lyricgen.errors import LyricgenError
from lyricgen.model.checkpoint import BEST, Checkpoint

Options = dict[str, Any]
LENGTH = st.integers(3, 8)
KINDS = ["*", "3+3", "2+2+3", "平平仄", "仄仄中+平平", "5A", "6A", "4+2B", "7A2", "5^我"]
LINE = st.one_of(LENGTH.map(str), st.sampled_from(KINDS))
STANZA = st.lists(LINE, min_size=1, max_size=3).map(",".join)
TEMPLATE = st.tuples(st.lists(STANZA, min_size=1, max_size=2).map("/".join), st.sampled_from(["", "/"])).map("".join)
RETURNS = st.sampled_from(["7,=1", "5,5A/=1-2,5A", "*,6,=2,=1"])
LETTERS = st.lists(st.sampled_from(["A", "B", "-", "C2"]), min_size=1, max_size=5)
SCHEME = LETTERS.map("".join).filter(lambda scheme: scheme.strip("-"))
EXAMPLE = st.sampled_from(["光", "风", "家", "心"])
STRICTNESS: Options = {"rhyme_by": st.sampled_from(["group", "final", "near"]), "rhyme_identical": st.booleans()}
TONES = st.lists(st.text("平仄中", min_size=3, max_size=7), min_size=1, max_size=3).map(",".join)
LENGTHS = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"form": TONES}, optional={"tones_by": st.sampled_from(["modern", "classical"])}),
    st.fixed_dictionaries({"line_length": LENGTH}),
    st.fixed_dictionaries({"form": st.one_of(TEMPLATE, RETURNS)}),
)
RHYMES = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"rhyme": SCHEME}, optional={"rhyme_with": EXAMPLE, **STRICTNESS}),
    st.fixed_dictionaries({"rhyme_with": EXAMPLE}, optional=STRICTNESS),
)
EXTENT = st.one_of(
    st.fixed_dictionaries({}, optional={"lines": st.integers(1, 6)}),
    st.fixed_dictionaries({"length": st.integers(20, 60)}, optional={"lines": st.integers(1, 3)}),
    st.fixed_dictionaries(
        {"structure": st.sampled_from(["VCV", "ABA", "V", "主副主", "主1副主1"])}, optional={"lines": st.integers(1, 3)}
    ),
)
LIMITS = st.fixed_dictionaries(
    {},
    optional={
        "acrostic": st.text("我想 你回家", min_size=1, max_size=5),
        "no_repeat": st.integers(1, 4),
        "max_copy": st.integers(3, 6),
        "words": st.sampled_from(["雨", "月亮,灯", "路,我,一"]),
        "ban": st.sampled_from(["我", "的,月亮", "我们,夜里,爱", "一个"]),
        "theme": st.sampled_from(["月亮", "雨,夜"]),
    },
)
SEARCH = st.one_of(
    st.fixed_dictionaries(
        {},
        optional={
            "temperature": st.sampled_from([0.5, 1.0, 1.5]),
            "top_k": st.integers(5, 300),
            "top_p": st.sampled_from([1e-9, 0.5, 0.9]),
            "drafts": st.sampled_from([1, 3]),
        },
    ),
    st.just({"temperature": 0.0}),
)


SHORT = {"lines", "length", "structure", "form", "rhyme", "acrostic"}  # a song without any of them has 200 characters


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, Options]:
    """A prefix and options; with an acrostic, the prefix begins as that does."""
    options = {
        name: value for group in (LENGTHS, RHYMES, EXTENT, LIMITS, SEARCH) for name, value in draw(group).items()
    }
    first = "".join(options.get("acrostic", "").split())[:1] or "春"
    return draw(st.sampled_from(["", first, f"{first}天来"])), options


@pytest.fixture(scope="module")
def model(counted: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder: Path = tmp_path_factory.mktemp("counted")
    counted.save(folder / BEST)
    return lyricgen.load(folder)


@given(calls(), st.integers(0, 99))
@settings(
    max_examples=20, deadline=None, phases=set(Phase) - {Phase.explain}, suppress_health_check=[HealthCheck.too_slow]
)
def test_songs_keep_every_combination_or_one_line_says_why(model: Model, call: tuple[str, Options], seed: int) -> None:
    """Refusals do not count as examples, and Hypothesis fails if most calls are refused."""
    prefix, options = call
    try:
        written = list(model.generate(prefix, seed=seed, samples=2, **options))
    except LyricgenError as error:
        if len(str(error).splitlines()) != 1:
            raise
        reject()
    assert len(written) == 2
    corpus = model.checkpoint.text.text("train") if model.checkpoint.text else ""
    assert corpus
    for song in written:
        assert song.startswith(prefix)
        assert not broken(song, prefix, corpus, **options), (prefix, options, song)
