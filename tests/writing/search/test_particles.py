"""Songs under demands, from the embedded corpus's n-grams and from untrained networks, judged by ``checker``."""

from __future__ import annotations

import itertools
from typing import Any, Callable

import numpy as np
import pytest
from checker import broken

from lyricgen.config import FormConfig, ModelConfig, PrepareConfig, SampleConfig, TrainConfig
from lyricgen.errors import OptionError, UnsatisfiableError
from lyricgen.model import counting, mixture
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.model.decoder import Decoder
from lyricgen.text import dataset
from lyricgen.writing.form.rhyme import Rhymer
from lyricgen.writing.form.spec import compile_form
from lyricgen.writing.form.tracker import Place, Verse
from lyricgen.writing.generation import Writer
from lyricgen.writing.search.lookahead import AHEAD, Outlook

Make = Callable[..., Checkpoint]
LYRIC = {"form": "7,7,5,7", "rhyme": "AABA"}
DEMANDS: list[dict[str, Any]] = [
    {"lines": 4},
    {"line_length": 7, "length": 50},
    {"form": "5,5/7,7/", "lines": 8},
    {"form": "5,*/7", "length": 60},
    {"acrostic": "春夏秋冬"},
    {"lines": 4, "rhyme": "AABA"},
    LYRIC,
    {"line_length": 6, "lines": 3, "rhyme_with": "光"},
    {"lines": 6, "no_repeat": 2},
    {"lines": 5, "max_copy": 2},
    {"structure": "ABAB", "lines": 2},
    {**LYRIC, "acrostic": "我想回家", "no_repeat": 2, "max_copy": 4, "repetition_penalty": 1.5},
    {**LYRIC, "structure": "VCVC", "particles": 3},
    {"structure": "ABA", "lines": 2, "rhyme": "AA", "acrostic": "山水花月"},
    {"lines": 5, "rhyme": "A", "no_repeat": 1, "top_k": 50},
    {**LYRIC, "temperature": 0.0},
    {**LYRIC, "top_p": 0.5, "acrostic": "春夏"},
    {**LYRIC, "beam": 3},
    {"lines": 3, "length": 20},
    {"form": "3,3", "rhyme": "AA", "rhyme_identical": True, "rhyme_strict": True},
]


@pytest.fixture(scope="module")
def counted() -> Checkpoint:
    """The embedded corpus's n-grams."""
    data = dataset.prepare([], PrepareConfig())
    return counting.count(data, ModelConfig(cell="ngram", order=4), TrainConfig())[0]


def split(asked: dict[str, Any]) -> tuple[SampleConfig, FormConfig]:
    sample = {name: value for name, value in asked.items() if name in SampleConfig.__dataclass_fields__}
    return SampleConfig(**sample), FormConfig(**{name: asked[name] for name in asked.keys() - sample.keys()})


def songs(
    checkpoint: Checkpoint, asked: dict[str, Any], *, prefix: str = "", seed: int = 1, samples: int = 12,
    decoder: Decoder | None = None,
) -> list[str]:  # fmt: skip
    writer = Writer(decoder or checkpoint.decoder(), checkpoint.vocabulary, *split(asked), checkpoint.index)
    return list(writer.songs(prefix, seed=seed, samples=samples))


@pytest.mark.parametrize("asked", DEMANDS, ids=str)
def test_every_song_keeps_what_is_asked_for(asked: dict[str, Any], counted: Checkpoint) -> None:
    corpus = counted.vocabulary.decode(counted.index)
    found = songs(counted, asked)
    assert [broken(song, corpus=corpus, **asked) for song in found] == [[]] * 12
    assert len(set(found)) > 6 or asked.get("temperature") == 0


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_untrained_networks_and_mixtures_keep_it_too(cell: str, counted: Checkpoint, random_checkpoint: Make) -> None:
    corpus = counted.vocabulary.decode(counted.index)
    network = random_checkpoint(text=counted.vocabulary.characters, cell=cell)
    asked = {**LYRIC, "acrostic": "春夏", "no_repeat": 2}
    assert [broken(song, **asked) for song in songs(network, asked)] == [[]] * 12
    weights = mixture.equal_weights(2, cached=True)
    mixed = mixture.Mixture([network.decoder(), counted.decoder()], weights, len(counted.vocabulary))
    asked = {"lines": 3, "rhyme": "AAA", "max_copy": 3}
    found = songs(counted, asked, decoder=mixed)
    assert [broken(song, corpus=corpus, **asked) for song in found] == [[]] * 12


def test_songs_of_a_model_that_was_taught_spaces_have_lines(random_checkpoint: Make) -> None:
    text = "山上的雨 雨落在山 我们不分开 雨停了 分开以后"
    for song in songs(random_checkpoint(text=text, newlines="space"), {"form": "3,3/4"}):
        assert broken(song, form="3,3/4") == []
        assert song.count("\n") == 3
        assert " " not in song


def test_english_rhymes_by_its_words(random_checkpoint: Make) -> None:
    text = "the light of day\nwill fade away\nand every night\n i write\n'z.,?xqkjmp"
    asked = {"lines": 4, "rhyme": "AABB", "form": "*,14,*,*"}
    found = songs(random_checkpoint(text=text), asked, samples=4)
    assert [broken(song, **asked) for song in found] == [[]] * 4


def test_the_first_of_many_songs_is_the_song_alone(counted: Checkpoint) -> None:
    asked = {**LYRIC, "particles": 2}
    assert songs(counted, asked, samples=1)[0] == songs(counted, asked, samples=70)[0]


def test_streaming_gives_the_same_song_line_by_line(counted: Checkpoint) -> None:
    sample, form = split({**LYRIC, "lines": 20})
    writer = Writer(counted.decoder(), counted.vocabulary, sample, form)
    pieces = [piece for (piece,) in writer.stream("春", seed=1, samples=[3]) if piece]
    assert "春" + "".join(pieces) == list(writer.songs("春", seed=1, samples=4))[3]
    assert len(pieces) > 4


def test_a_prefix_counts(counted: Checkpoint) -> None:
    asked = {**LYRIC, "acrostic": "春天"}
    for prefix in ("春", "春天", "春天来了", "春风吹过小山头\n天"):
        for song in songs(counted, asked, prefix=prefix):
            assert song.startswith(prefix)
            assert broken(song, **asked) == []
    for song in songs(counted, {"lines": 3, "rhyme": "AAA"}, prefix="春天的风"):
        assert song.startswith("春天的风")
        assert broken(song, lines=3, rhyme="AAA") == []
    assert songs(counted, {"form": "2"}, prefix="春天") == ["春天"] * 12


@pytest.mark.parametrize(
    ("prefix", "asked"),
    [
        ("夏", {"acrostic": "春"}), ("春天来了", {"form": "3"}), ("春\n", {"form": "3,3"}),
        ("春天来\n夏", {"form": "3/3,3", "acrostic": "春夏"}), ("春\n夏", {"form": "1/1"}),
        ("你看\n红叶\n", {"form": "2,2,*", "rhyme": "AAA"}), ("春\n夏\n秋", {"lines": 2}),
    ],
)  # fmt: skip
def test_a_prefix_that_breaks_the_form(prefix: str, asked: dict[str, Any], counted: Checkpoint) -> None:
    writer = Writer(counted.decoder(), counted.vocabulary, *split(asked))
    with pytest.raises(OptionError, match=r"^--prefix: its line"):
        writer.check(prefix)


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"rhyme": "A", "lines": 2000}, "--rhyme"), ({"rhyme_with": "7", "lines": 2}, "--rhyme-with"),
        ({"form": "7,7", "lines": 4, "length": 30}, "--length"), ({"beam": 2, "lines": 2, "rhyme": "AA"}, "--beam"),
        ({"rhyme_with": "light", "lines": 2}, "--rhyme"),
    ],
)  # fmt: skip
def test_what_can_never_be_is_said_at_once(asked: dict[str, Any], named: str, counted: Checkpoint) -> None:
    with pytest.raises(OptionError, match=f"^{named}:"):
        Writer(counted.decoder(), counted.vocabulary, *split(asked)).check("")


def test_what_turns_out_to_be_impossible_is_said(random_checkpoint: Make) -> None:
    with pytest.raises(UnsatisfiableError, match=r"line \d+ cannot be written"):
        songs(random_checkpoint(text="\n山水雨"), {"lines": 4, "line_length": 2, "no_repeat": 1})
    with pytest.raises(OptionError, match="knows no line ends"):
        songs(random_checkpoint(text="山水雨"), {"lines": 4})
    with pytest.raises(OptionError, match="holds no index"):
        songs(random_checkpoint(), {"max_copy": 4})


def test_temperature_0_leaves_nothing_to_chance(counted: Checkpoint) -> None:
    asked = {**LYRIC, "temperature": 0.0}
    assert len({*songs(counted, asked, seed=1), *songs(counted, asked, seed=2)}) == 1


def test_until_blank_ends_where_the_corpus_does(counted: Checkpoint) -> None:
    found = songs(counted, {"until_blank": True, "length": 400, "temperature": 0.3})
    assert all(song == song.strip() and "\n\n" not in song for song in found)
    assert sum(len(song) < 390 for song in found) > 6


def test_the_beam_finds_the_likeliest_song(random_checkpoint: Make) -> None:
    """Among all songs of two lines of two characters, by ln p per character."""
    checkpoint = random_checkpoint(text="\n山水雨", hidden=4)
    decoder, vocabulary = checkpoint.decoder(), checkpoint.vocabulary

    def nats(song: str) -> float:
        """ln p, given that no character is the unknown one."""
        total, state = 0.0, decoder.initial_state(1)
        ids = vocabulary.encode(f"\n{song}\n")
        for before, after in zip(ids, ids[1:]):
            logits, state = decoder.step(np.array([before]), state)
            total += float(logits[0, after] - np.log(np.exp(logits[0, 1:].astype(float)).sum()))
        return total

    lines = ["".join(line) for line in itertools.product("山水雨", repeat=2)]
    best = max((f"{one}\n{other}" for one in lines for other in lines), key=nats)
    assert songs(checkpoint, {"form": "2,2", "beam": 200}, samples=1) == [best]


def test_beams_of_several_songs_differ(counted: Checkpoint) -> None:
    found = songs(counted, {"form": "7,7", "beam": 3, "diversity": 1.0}, samples=4)
    assert len(set(found)) == 4
    assert songs(counted, {"form": "7,7", "beam": 3, "diversity": 0.0}, samples=2)[0] == found[0]
    assert [len(song) for song in songs(counted, {"beam": 2, "length": 9}, samples=2)] == [9, 9]


def test_the_outlook_is_exact_for_pairs_of_characters(random_checkpoint: Make) -> None:
    """A model that knows one character of context only: v_r by all the ways to the line's end."""
    data = dataset.split(["光来\n来光年\n年光\n" * 3], PrepareConfig(valid_fraction=0))
    pairs = counting.count(data, ModelConfig(cell="ngram", order=2), TrainConfig())[0]
    vocabulary, decoder = pairs.vocabulary, pairs.decoder()
    verse = Verse(compile_form(FormConfig(line_length=3, lines=1, rhyme_with="光"), None), vocabulary, rhymer=Rhymer())
    outlook = Outlook(decoder, vocabulary, verse, 1.0)

    def value(character: str, left: int) -> float:
        """p that ``left`` more are sung after it, the last one rhyming with 光, and then the line ends."""
        _, state = decoder.step(vocabulary.encode("\n"), decoder.initial_state(1))
        logits, _ = decoder.step(vocabulary.encode(character), state)
        p = np.exp(logits[0].astype(float))
        p[0] = 0
        p /= p.sum()
        if left == 0:
            return float(p[vocabulary.encode("\n")[0]])
        followers = "光来年" if left > 1 else "光"
        return sum(float(p[vocabulary.encode(x)[0]]) * value(x, left - 1) for x in followers)

    for left in range(1, AHEAD + 1):
        guides = outlook.guides([Place(target=3, sung=3 - left, text="来" * (3 - left))])
        assert guides is not None
        expected = np.array([value(c, left - 1) for c in "光来年"])
        found = guides[0, vocabulary.encode("光来年")]
        np.testing.assert_allclose(found / found.sum(), expected / expected.sum(), atol=0.02)
    assert outlook.guides([Place(target=9, sung=2)]) is None
