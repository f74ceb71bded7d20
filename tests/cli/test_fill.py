from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.checker import broken
from support.command import SONG, Cli

import lyricgen

OPTIONS = ("--hidden", "16", "--batch-size", "4", "--steps", "12", "--epochs", "25", "--lr", "0.03", "--dropout", "0.1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fill")


@pytest.fixture
def both(folder: Path, trained: Path, cli: Cli) -> Path:
    """A folder with a bidirectional model."""
    if not (folder / "checkpoints").exists():
        data = str(trained / "dataset.safetensors")
        result = cli("train", data, "--bidirectional", *OPTIONS, cwd=folder)
        assert result.returncode == 0, result.stderr
        assert "bidirectional gru" in result.stderr
    return folder


def test_blanks_are_filled_from_both_sides(both: Path, cli: Cli) -> None:
    result = cli("fill", "雨落在＿上", "我_不＿开", cwd=both)
    assert result.stdout == "雨落在山上\n我们不分开\n", result.stderr


def test_several_fillings_have_their_probabilities(both: Path, cli: Cli) -> None:
    lines = cli("fill", "雨落在＿上", "-n", "3", cwd=both).stdout.splitlines()
    probabilities, texts = zip(*(line.split("\t") for line in lines))
    assert texts[0] == "雨落在山上"
    assert len(set(texts)) == 3
    assert sorted(map(float, probabilities), reverse=True) == list(map(float, probabilities))
    line = json.loads(cli("fill", "雨落在＿上", "--json", cwd=both).stdout)
    assert (line["template"], line["text"], line["fills"]) == ("雨落在＿上", "雨落在山上", "山")
    assert line["probability"] == pytest.approx(float(probabilities[0]), abs=1e-4)


def test_texts_of_several_lines_and_lines_of_stdin(both: Path, cli: Cli) -> None:
    result = cli("fill", "-", "山上的＿\r\n雨落在_上\n", cwd=both, input="分＿以后\n")
    assert result.stdout == "分开以后\n山上的雨\n雨落在山上\n\n", result.stderr
    assert cli("fill", cwd=both).returncode == 2


def test_any_model_fills(trained: Path, cli: Cli) -> None:
    assert cli("fill", "雨落在＿上", "--cache", cwd=trained).stdout == "雨落在山上\n"


def test_evaluate_foresees_from_both_sides(both: Path, trained: Path, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text(SONG[:60], "utf-8")
    found = [
        json.loads(cli("evaluate", str(tmp_path / "text.txt"), "--json", cwd=folder).stdout)
        for folder in (both, trained)
    ]
    assert 1 < found[0]["perplexity"] < 10
    assert all(0.3 < each["accuracy"] <= 1 for each in found)
    assert "bidirectional gru" in cli("evaluate", str(tmp_path / "text.txt"), cwd=both).stdout


def test_it_only_fills(both: Path, cli: Cli) -> None:
    for command in (("generate",), ("score",)):
        result = cli(*command, cwd=both, input="")
        assert result.returncode == 1
        assert "Error: checkpoints: is a bidirectional model" in result.stderr
    cached = cli("evaluate", "--cache", cwd=both)
    assert (cached.returncode, cached.stdout) == (2, "")
    assert "--cache: a bidirectional model" in cached.stderr


def test_a_text_keeps_its_form(both: Path, trained: Path, cli: Cli) -> None:
    asked = ("--rhyme", "AA", "--form", "4,5", "--acrostic", "雨我", "--ban", "山上")
    for folder in (both, trained):
        result = cli("fill", "＿落在＿\n＿们不分开＿", "雨落在山\n我们＿＿＿", *asked, "--best", "2", cwd=folder)
        assert result.returncode == 2, result.stderr
        assert "Error: --form: line 2 of the text has 6 characters, not 5" in result.stderr
        result = cli("fill", "＿落＿＿\n＿们不分＿", *asked, "--json", cwd=folder)
        assert broken(json.loads(result.stdout)["text"], form="4,5", rhyme="AA", acrostic="雨我", ban="山上") == []
    assert "--until-blank" in cli("fill", "山＿", "--until-blank", cwd=both).stderr
    with pytest.raises(TypeError, match="unexpected keyword argument 'temperature'"):
        lyricgen.load(trained / "checkpoints").fill("山＿", temperature=1.0)
