"""n-gram models and the cache, from the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from support.command import SONG, Cli

from lyricgen.model.mixture import with_cache

NEW = "河上的雪\n雪落在河上\n" * 4


@pytest.fixture(scope="module")
def folder(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a network in ``checkpoints``, an n-gram model in ``counted``, and their dataset."""
    folder = tmp_path_factory.mktemp("models")
    shutil.copytree(trained, folder, dirs_exist_ok=True)
    return folder


@pytest.fixture
def counted(folder: Path, cli: Cli) -> Path:
    if not (folder / "counted").exists():
        result = cli("train", "--cell", "ngram", "--order", "4", "-o", "counted", "--preview", "山", cwd=folder)
        assert result.returncode == 0, result.stderr
        assert result.stdout == f"{Path('counted', 'best.safetensors')}\n"
        assert "n-gram of order 4" in result.stderr
        assert "\n - 山" in result.stderr
    return folder


def test_counting_leaves_the_files_of_a_training(counted: Path) -> None:
    names = {path.name for path in (counted / "counted").iterdir()}
    assert names == {"best.safetensors", "last.safetensors", "log.jsonl"}
    (record,) = [json.loads(line) for line in (counted / "counted" / "log.jsonl").read_text("utf-8").splitlines()]
    assert record["epoch"] == 1
    assert 1 < record["train_perplexity"] < record["valid_perplexity"] < 20


def test_counting_asks_before_it_replaces_and_cannot_be_resumed(counted: Path, cli: Cli) -> None:
    again = ["train", "--cell", "ngram", "-o", "counted"]
    assert "--force replaces it" in cli(*again, cwd=counted).stderr
    resumed = cli(*again, "--resume", cwd=counted)
    assert (resumed.returncode, resumed.stdout) == (2, "")
    assert "counted in one pass" in resumed.stderr
    assert cli(*again, "--order", "4", "--force", cwd=counted).returncode == 0


def test_an_n_gram_model_writes_and_is_measured_like_any_other(counted: Path, cli: Cli) -> None:
    command = ["generate", "-c", "counted", "--prefix", "山", "--seed", "3", "--length", "12"]
    first = cli(*command, cwd=counted)
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("山")
    assert len(first.stdout.rstrip("\n")) == 13
    assert cli(*command, cwd=counted).stdout == first.stdout
    many = [json.loads(line) for line in cli(*command, "-n", "3", "--json", cwd=counted).stdout.splitlines()]
    assert many[0]["text"] + "\n" == first.stdout
    figures = json.loads(cli("evaluate", "-c", "counted", "--json", cwd=counted).stdout)
    assert figures["perplexity"] > 1
    assert set(figures["baselines"]) == {"uniform", "unigram", "6-gram"}
    assert figures["baselines"]["uniform"]["perplexity"] == pytest.approx(len(set(SONG)) + 1)


def test_the_cache_finds_refrains(counted: Path, cli: Cli) -> None:
    def perplexity(*options: str) -> float:
        result = cli("evaluate", "-", "--json", *options, cwd=counted, input=NEW)
        assert result.returncode == 0, result.stderr
        return float(json.loads(result.stdout)["perplexity"])

    for model in ("checkpoints", "counted"):
        assert perplexity("-c", model, "--cache") < perplexity("-c", model)


def test_the_share_of_the_cache_is_fitted_on_the_validation_part_and_told(counted: Path, cli: Cli) -> None:
    fitted = cli("evaluate", "-", "--json", "--cache", cwd=counted, input=NEW)
    assert "fitted on" in fitted.stderr
    assert sum(json.loads(fitted.stdout)["weights"][0]) == pytest.approx(1)
    for options in ([], ["--dataset", "dataset.safetensors"]):
        held_out = cli("evaluate", "--json", "--cache", *options, cwd=counted)
        assert held_out.returncode == 0, held_out.stderr
        assert "fitted" not in held_out.stderr, "what is measured is never fitted on"
        assert json.loads(held_out.stdout)["weights"] == with_cache(np.array([1.0])).tolist()


def test_a_model_with_a_cache_writes_one_song_as_it_writes_many(counted: Path, cli: Cli) -> None:
    command = ["generate", "-c", "checkpoints", "--cache", "--seed", "5", "--length", "30"]
    one = cli(*command, cwd=counted)
    assert one.returncode == 0, one.stderr
    many = cli(*command, "-n", "3", "--json", cwd=counted).stdout.splitlines()
    assert json.loads(many[0])["text"] + "\n" == one.stdout


def test_songs_and_lines_have_figures_of_their_own(counted: Path, cli: Cli) -> None:
    figures = json.loads(cli("evaluate", "-", "--json", cwd=counted, input="山上的雨\n雨\n\n\n我们").stdout)
    assert [line["text"] for line in figures["lines"]] == ["山上的雨", "雨", "我们"]
    assert [song["text"] for song in figures["songs"]] == ["山上的雨\n雨", "我们"]
    assert sum(song["characters"] for song in figures["songs"]) == figures["characters"]


def test_score_ranks_lines(counted: Path, cli: Cli) -> None:
    lines = ["雨落在山上", "", "上雨山落在", "xyz龙\t虎"]
    result = cli("score", cwd=counted, input="\n".join(lines))
    assert result.returncode == 0, result.stderr
    scored = [line.split("\t", 1) for line in result.stdout.splitlines()]
    assert [text for _, text in scored] == lines
    assert float(scored[0][0]) < float(scored[2][0]) < float(scored[3][0])
    assert scored[1][0] == "nan"
    objects = [
        json.loads(line) for line in cli("score", "--json", cwd=counted, input="\n".join(lines)).stdout.splitlines()
    ]
    assert objects[0]["bits_per_character"] == pytest.approx(float(scored[0][0]), abs=1e-3)
    assert objects[1]["bits_per_character"] is None
    assert (objects[3]["unknown"], objects[3]["characters"]) == (6, 6)


def test_measure_compares_songs_with_the_corpus(counted: Path, cli: Cli) -> None:
    songs = cli("generate", "-n", "4", "--seed", "1", "--json", "--length", "40", cwd=counted).stdout
    figures = json.loads(cli("measure", "--json", cwd=counted, input=songs).stdout)
    assert figures["songs"] == 4
    assert 0 < figures["distinct_1"] < figures["distinct_2"] <= 1
    assert figures["longest_copy_max"] >= figures["longest_copy_mean"] > 1
    table = cli("measure", cwd=counted, input="山上的雨\n\n雨停了以后 你看那座山\n")
    assert table.returncode == 0, table.stderr
    assert "longest copy max" in table.stdout


@pytest.mark.parametrize(("songs", "words"), [("{]", "not lines of JSON"), ('{"a": 1}', "not lines")])
def test_measure_says_what_it_cannot_read(songs: str, words: str, counted: Path, cli: Cli) -> None:
    result = cli("measure", cwd=counted, input=songs)
    assert (result.returncode, result.stdout) == (1, "")
    assert words in result.stderr
