"""What songs are drawn, how often: against exact enumeration of a toy model."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from toy import COUNTED, FINALS, GROUPS, VOCABULARY, assert_distribution, enumerate_songs, id_of, random_table, writer

from lyricgen.errors import UnsatisfiableError
from lyricgen.writing.search import lookahead

TABLE = random_table()
LINE = 2
SONGS = 2500
SAMPLING: list[dict[str, Any]] = [
    {"temperature": 1.0}, {"temperature": 0.5}, {"temperature": 2.0}, {"top_k": 3, "temperature": 1.0},
    {"top_p": 0.6, "temperature": 1.0}, {"top_k": 4, "top_p": 0.7, "temperature": 1.5},
]  # fmt: skip


def softmax(logits: Any) -> Any:
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


def truncated(logits: Any, allowed: list[int], top_k: int = 0, top_p: float = 1.0) -> list[int]:
    """The ids that top-k and then top-p keep among those allowed; logits are already divided by the temperature."""
    kept = sorted(allowed, key=lambda i: -logits[i])
    kept = kept[:top_k] if top_k else kept
    shares = softmax(np.array([logits[i] for i in kept]))
    before = np.cumsum(shares) - shares
    return [i for i, share in zip(kept, before) if share < top_p]


def next_free(song: str, *, length: int, temperature: float, penalty: float = 1.0, **cut: Any) -> Mapping[str, float]:
    """p of each next character of a song without a form."""
    if len(song) == length:
        return {}
    logits = TABLE[id_of((song or "\n")[-1])].astype(np.float32).astype(np.float64)
    logits = logits - [math.log(penalty) * (c in song and c != "\n") for c in VOCABULARY.id_to_char]
    kept = truncated(logits / temperature, list(range(1, len(VOCABULARY))), **cut)
    shares = softmax(np.array([logits[i] / temperature for i in kept]))
    return {VOCABULARY.id_to_char[i]: float(share) for i, share in zip(kept, shares)}


@pytest.mark.parametrize("sampling", SAMPLING, ids=str)
def test_free_songs(sampling: dict[str, Any]) -> None:
    exact = dict(enumerate_songs(lambda song: next_free(song, length=2, **sampling)))
    songs = writer(TABLE, length=2, **sampling).songs("", seed=1, samples=SONGS)
    assert_distribution(list(songs), exact)


@pytest.mark.parametrize("penalty", [1.5, 4.0])
def test_a_repetition_penalty(penalty: float) -> None:
    exact = dict(enumerate_songs(lambda song: next_free(song, length=3, temperature=1.0, penalty=penalty)))
    songs = writer(TABLE, length=3, temperature=1.0, repetition_penalty=penalty).songs("", seed=1, samples=SONGS)
    assert_distribution(list(songs), exact)


# -- songs with a form: two lines of two characters that rhyme

Same = Callable[[str, str], bool]


def same_group(a: str, b: str) -> bool:
    return a != b and GROUPS[FINALS[a]] == GROUPS[FINALS[b]]


def same_final(a: str, b: str) -> bool:
    return a != b and FINALS[a] == FINALS[b]


def class_values(members: set[str], temperature: float) -> list[Any]:
    """v_r(c) of the module's docstring for a set of final characters, r = 0 .. LINE, each (V,)."""
    p = np.array([softmax(np.where(np.arange(len(row)) == 0, -np.inf, row / temperature)) for row in TABLE])
    values = [p[:, id_of("\n")]]
    for left in range(1, LINE + 1):
        reached = [c in (members if left == 1 else set(COUNTED)) for c in VOCABULARY.id_to_char]
        values.append(p @ (values[-1] * reached))
    return [value + lookahead._FLOOR * value.mean() for value in values]


def next_in_form(
    song: str, *, same: Same, temperature: float, penalty: float = 1.0, top_k: int = 0, top_p: float = 1.0,
    guided: bool = True,
) -> Mapping[str, float]:  # fmt: skip
    """q of each next character: the model's, among those allowed, times how well it leads to the end of the line."""
    lines = song.split("\n")
    line = lines[-1]
    if len(lines) == 2 and len(line) == LINE:
        return {}
    if len(line) == LINE:
        return {"\n": 1.0}
    ending = lines[0][-1] if len(lines) == 2 else ""
    finals = {c for c in COUNTED if (same(c, ending) if ending else any(same(c, other) for other in COUNTED))}
    left = LINE - len(line)
    allowed = sorted(map(id_of, finals if left == 1 else COUNTED))
    logits = TABLE[id_of((song or "\n")[-1])] - [
        math.log(penalty) * (c in song and c != "\n") for c in VOCABULARY.id_to_char
    ]
    kept = truncated(logits / temperature, allowed, top_k, top_p)
    weights = softmax(np.array([logits[i] / temperature for i in kept]))
    if guided:
        # A first line's class is still open, so that any counted character may end it as far as the values know.
        members = {c for c in COUNTED if GROUPS[FINALS[c]] == GROUPS[FINALS[ending]]} if ending else set(COUNTED)
        if ending and same is same_final:
            members = {c for c in COUNTED if FINALS[c] == FINALS[ending]}
        weights = weights * class_values(members, temperature)[left - 1][kept]
    weights = weights / weights.sum()
    return {VOCABULARY.id_to_char[i]: float(weight) for i, weight in zip(kept, weights)}


FORM = {"lines": 2, "line_length": LINE, "rhyme": "AA"}


@pytest.mark.parametrize("sampling", SAMPLING, ids=str)
def test_songs_with_a_form_follow_the_lookahead(sampling: dict[str, Any]) -> None:
    exact = dict(enumerate_songs(lambda song: next_in_form(song, same=same_group, **sampling)))
    songs = list(writer(TABLE, **FORM, **sampling).songs("", seed=2, samples=SONGS))
    assert_distribution(songs, exact)


def test_strict_rhymes() -> None:
    exact = dict(enumerate_songs(lambda song: next_in_form(song, same=same_final, temperature=1.0)))
    songs = list(writer(TABLE, **FORM, rhyme_strict=True, temperature=1.0).songs("", seed=2, samples=SONGS))
    assert_distribution(songs, exact)


def test_identical_rhymes() -> None:
    def identical(a: str, b: str) -> bool:
        return GROUPS[FINALS[a]] == GROUPS[FINALS[b]]

    exact = dict(enumerate_songs(lambda song: next_in_form(song, same=identical, temperature=1.0)))
    songs = list(writer(TABLE, **FORM, rhyme_identical=True, temperature=1.0).songs("", seed=2, samples=SONGS))
    assert_distribution(songs, exact)
    assert any(song[1] == song[-1] for song in songs)


def test_a_repetition_penalty_with_a_form() -> None:
    def follow(song: str) -> Mapping[str, float]:
        return next_in_form(song, same=same_group, temperature=1.0, penalty=3.0)

    songs = list(writer(TABLE, **FORM, temperature=1.0, repetition_penalty=3.0).songs("", seed=2, samples=SONGS))
    assert_distribution(songs, dict(enumerate_songs(follow)))


def conditional(temperature: float = 1.0) -> dict[str, float]:
    """p of each song given its form, line by line: what infinitely many particles would draw."""
    p = np.array([softmax(np.where(np.arange(len(row)) == 0, -np.inf, row / temperature)) for row in TABLE])

    def weight(line: str) -> float:
        text = "\n" + line + "\n"
        return math.prod(p[id_of(a), id_of(b)] for a, b in zip(text, text[1:]))

    lines = ["".join(line) for line in itertools.product(COUNTED, repeat=LINE)]
    weights = {line: weight(line) for line in lines}
    total, songs = sum(weights.values()), {}
    for first in lines:
        rhyming = {line: weights[line] for line in lines if same_group(line[-1], first[-1])}
        for second, share in rhyming.items():
            songs[f"{first}\n{second}"] = weights[first] / total * share / sum(rhyming.values())
    return songs


def distance(songs: list[str], exact: Mapping[str, float], key: Callable[[str], str]) -> float:
    """Total variation between the frequencies of a feature and its exact distribution."""
    expected: dict[str, float] = {}
    for song, probability in exact.items():
        expected[key(song)] = expected.get(key(song), 0.0) + probability
    found = dict.fromkeys(expected, 0.0)
    for song in songs:
        found[key(song)] += 1 / len(songs)
    return sum(abs(found[feature] - expected[feature]) for feature in expected) / 2


def test_particles_draw_what_the_model_thinks_of_whole_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the lookahead, only the particles' weights can bring the distribution about."""
    monkeypatch.setattr(lookahead.Lookahead, "weights", lambda self, states: None)
    exact = conditional()
    distances = {
        particles: distance(
            list(writer(TABLE, **FORM, temperature=1.0, particles=particles).songs("", seed=5, samples=600)),
            exact,
            lambda song: song[:LINE],
        )
        for particles in (1, 32)
    }
    assert distances[32] < 0.16
    assert distances[1] > 2 * distances[32]


def test_the_lookahead_alone_draws_what_the_model_thinks_of_whole_lines() -> None:
    """In a chain of characters it is exact, but for the share that it leaves to every character."""
    songs = list(writer(TABLE, **FORM, temperature=1.0).songs("", seed=5, samples=SONGS))
    assert distance(songs, conditional(), lambda song: song[:LINE]) < 0.05
    assert distance(songs, conditional(), lambda song: song[-1]) < 0.06


# -- search


def log_p(song: str, table: Any = TABLE) -> float:
    """ln p of a song and of the line end after it."""
    logits = np.asarray(table, np.float32).astype(np.float64)
    logits[:, 0] = -np.inf
    text = f"\n{song}\n"
    return sum(math.log(softmax(logits[id_of(a)])[id_of(b)]) for a, b in zip(text, text[1:]))


def all_songs() -> list[str]:
    lines = ["".join(line) for line in itertools.product(COUNTED, repeat=LINE)]
    return [f"{a}\n{b}" for a in lines for b in lines if same_group(a[-1], b[-1])]


def test_a_wide_beam_finds_the_likeliest_song_of_a_form() -> None:
    best = max(map(log_p, all_songs()))
    songs = list(writer(TABLE, **FORM, beam=400).songs("", seed=1, samples=4))
    assert log_p(songs[0]) == pytest.approx(best)
    assert next(writer(TABLE, **FORM, beam=400).songs("", seed=1, samples=1)) == songs[0]
    assert len(set(songs)) == 4
    assert set(songs) <= set(all_songs())


def test_a_beam_of_free_songs_prefers_the_higher_mean() -> None:
    rows = list(map("".join, itertools.product(VOCABULARY.characters, repeat=3)))
    logits = TABLE.astype(np.float32).astype(np.float64).copy()
    logits[:, 0] = -np.inf
    p = np.array([softmax(row) for row in logits])
    best = max(rows, key=lambda song: sum(math.log(p[id_of(a), id_of(b)]) for a, b in zip("\n" + song, song)))
    assert next(writer(TABLE, length=3, beam=1000).songs("", seed=1, samples=1)) == best


def test_a_line_that_cannot_be_ended_sends_the_search_back() -> None:
    """The model writes 班安; then no other character of that final is left for the next line. It must begin anew."""
    table = np.full((len(VOCABULARY),) * 2, 0.0)
    table[id_of("\n"), id_of("班")] = 3.5
    table[id_of("班"), id_of("安")] = 3.5
    wanted = {"lines": 2, "line_length": 2, "rhyme": "AA", "rhyme_strict": True, "no_repeat": 1, "temperature": 1.0}
    songs = list(writer(table, **wanted).songs("", seed=1, samples=20))
    for song in songs:
        first, second = song.split("\n")
        assert same_final(first[-1], second[-1])
        assert len(set(first + second)) == 4
    with pytest.raises(UnsatisfiableError):
        next(writer(table, **{**wanted, "lines": 6}).songs("", seed=1, samples=1))


def test_no_n_characters_twice() -> None:
    for n, songs in ((1, 300), (2, 300)):
        for song in writer(TABLE, lines=2, line_length=3, no_repeat=n, temperature=1.0).songs(
            "", seed=1, samples=songs
        ):
            grams = [line[i : i + n] for line in song.split("\n") for i in range(len(line) - n + 1)]
            assert len(set(grams)) == len(grams)
    loose = list(writer(TABLE, lines=2, line_length=3, no_repeat=2, temperature=1.0).songs("", seed=1, samples=300))
    assert any(len(set(song)) < len(song) for song in loose), "single characters may return"


# -- by turns


def test_a_session_shows_the_model_s_probabilities() -> None:
    session = writer(TABLE, **FORM).session("安", seed=1)
    logits = TABLE.astype(np.float32).astype(np.float64).copy()
    logits[:, 0] = -np.inf
    after = softmax(logits[id_of("安")])
    choices = session.characters(4)
    expected = sorted(COUNTED, key=lambda c: -after[id_of(c)])[:4]
    assert [choice.text for choice in choices] == expected
    for choice in choices:
        assert choice.probability == pytest.approx(after[id_of(choice.text)], rel=1e-5)


def test_a_session_s_lines_have_the_product_of_their_probabilities() -> None:
    session = writer(TABLE, **FORM, temperature=1.0).session("", seed=1)
    logits = TABLE.astype(np.float32).astype(np.float64).copy()
    logits[:, 0] = -np.inf
    choices = session.lines(6)
    assert len(choices) > 1
    for choice in choices:
        text = "\n" + choice.text
        exact = math.prod(softmax(logits[id_of(a)])[id_of(b)] for a, b in zip(text, choice.text))
        assert choice.probability == pytest.approx(exact, rel=1e-4)
    assert [choice.probability for choice in choices] == sorted((c.probability for c in choices), reverse=True)


def test_a_narrow_beam_is_led_by_the_lookahead() -> None:
    """Greedy search loses little against the best song of all, since it knows where a line must end."""
    losses = []
    for seed in range(8):
        table = random_table(seed, spread=2.5)
        greedy = next(writer(table, **FORM, beam=1).songs("", seed=1, samples=1))
        losses.append(max(log_p(song, table) for song in all_songs()) - log_p(greedy, table))
    assert np.mean(losses) < 3.0, losses
