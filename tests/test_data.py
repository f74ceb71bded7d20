"""The sample, the first corpus, and the base model made of all lyrics but the sample."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from lyricgen import files, storage
from lyricgen.config import PrepareConfig
from lyricgen.model import checkpoint
from lyricgen.model.checkpoint import KIND, SHIPPED, SHIPPED_FILE
from lyricgen.text import corpus, dataset
from lyricgen.text.copies import CopyFinder

DATA = Path(__file__).parents[1] / "data"
STRETCH = 12  # characters that two songs may not have in common


@pytest.fixture(scope="module")
def text() -> str:
    return (DATA / "lyrics-zh.txt").read_text("utf-8")


@pytest.fixture(scope="module")
def songs(text: str) -> list[list[str]]:
    return [song.replace("\n\n", "\n").split("\n") for song in text.strip().split("\n\n\n")]


def test_the_corpus_is_large_and_varied(text: str, songs: list[list[str]]) -> None:
    assert len(text) >= 300_000
    assert len(songs) >= 1150
    assert len(set(text)) >= 3000
    lines = [line for song in songs for line in song[1:]]
    assert len(set(lines)) >= 0.55 * len(lines)


def test_a_song_has_a_title_and_verses_of_its_own(songs: list[list[str]]) -> None:
    titles = [song[0] for song in songs]
    assert len(set(titles)) == len(titles)
    assert all(0 < len(title) <= 12 for title in titles)
    assert all(len(song) >= 12 and all(line == line.strip() != "" for line in song) for song in songs)
    of: dict[str, int] = {}
    for number, song in enumerate(songs):
        verses = "\n".join(song[1:])
        for place in range(len(verses) - STRETCH + 1):
            stretch = verses[place : place + STRETCH]
            assert of.setdefault(stretch, number) == number, (stretch, titles[of[stretch]], titles[number])


def test_a_song_is_a_title_and_stanzas(text: str) -> None:
    songs = [[stanza.split("\n") for stanza in song.split("\n\n")] for song in text.strip().split("\n\n\n")]
    assert all(len(song) >= 3 and len(song[0]) == 1 for song in songs)
    assert all(2 <= len(stanza) <= 8 and all(stanza) for song in songs for stanza in song[1:])


def test_most_songs_have_a_line_that_returns(songs: list[list[str]]) -> None:
    returning = sum(max(Counter(song[1:]).values()) > 1 for song in songs)
    assert returning >= 0.85 * len(songs)


def test_the_corpus_holds_what_the_documentation_writes_of(text: str) -> None:
    assert "分开" in text.replace("不分开", "")
    assert "不分开" in text


def test_the_sample_is_small_and_the_base_model_has_not_read_it() -> None:
    sample = "".join(corpus.read([]))
    assert 55_000 <= len(sample) <= 70_000
    songs = [[stanza.split("\n") for stanza in song.split("\n\n")] for song in sample.strip().split("\n\n\n")]
    assert len({song[0][0] for song in songs}) == len(songs) >= 150
    assert all(len(song) >= 3 and len(song[0]) == 1 and all(map(all, song)) for song in songs)
    read = CopyFinder((DATA / "lyrics-zh.txt").read_text("utf-8"))
    themes = CopyFinder("\n".join(path.read_text("utf-8") for path in sorted((DATA / "lyrics").glob("*.txt"))))
    for song in songs:
        words = "\n\n".join("\n".join(stanza) for stanza in song[1:])
        assert max(len(read.longest(words)), len(themes.longest(words))) < STRETCH, song[0]


def test_what_is_shipped_is_found_in_a_checkout_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(files.resources, "files", missing)
    if not Path(files.__file__).parents[1].joinpath("data").is_dir():
        pytest.skip("lyricgen is installed apart from its checkout")
    assert "分开" in "".join(corpus.read([]))
    assert checkpoint.locate(Path(SHIPPED)).is_file()


def test_the_base_model_is_small_and_knows_the_corpus_as_it_is() -> None:
    path = files.shipped(SHIPPED_FILE)
    assert path.stat().st_size <= 10_000_000
    stored = storage.read(path, KIND)
    assert {tensor.dtype for name, tensor in stored.tensors.items() if "text" not in name} == {np.dtype("f2")}
    model = checkpoint.load(Path(SHIPPED))
    data = dataset.prepare([str(DATA / "lyrics-zh.txt"), str(DATA / "lyrics")], PrepareConfig())
    assert model.dataset == data.fingerprint, "make it again: python tests/benchmarks/zh.py"
    assert model.text is not None
    assert model.progress.valid_perplexity is not None
    assert 1 / np.exp(np.log(model.decoder().probabilities(data.valid)).mean()) == pytest.approx(
        model.progress.valid_perplexity, rel=0.01
    )
