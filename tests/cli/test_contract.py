"""One word for flag, variable, key and keyword; one answer to one question; contradictions are refused."""

from __future__ import annotations

import dataclasses
import inspect
import json
import shutil
from pathlib import Path
from typing import Any

import click
import pytest
from support.command import SONG, Cli

import lyricgen
from lyricgen.cli import commands
from lyricgen.config import EngineConfig, FormConfig, ModelConfig, PrepareConfig, SampleConfig, TrainConfig, flag
from lyricgen.model.scoring import show_number

OPTIONS = [
    pytest.param(command, option, id=f"{name} {option.opts[-1]}")
    for name, command in commands.commands.items()
    for option in command.params
    if isinstance(option, click.Option)
]
IN_A_FILE = [
    each for each in OPTIONS if each.id.startswith("train ") and not each.id.endswith(("config", "resume", "force"))
]
CONFIGS: dict[str, tuple[type, ...]] = {
    "prepare": (PrepareConfig,),
    "train": (ModelConfig, TrainConfig, EngineConfig),
    "generate": (SampleConfig, FormConfig),
    "fill": (SampleConfig, FormConfig),
}
FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "prepare": (lyricgen.prepare,),
    "train": (lyricgen.train,),
    "generate": (lyricgen.load, lyricgen.Model.generate),
    "fill": (lyricgen.load, lyricgen.Model.fill),
    "evaluate": (lyricgen.load, lyricgen.Model.evaluate),
    "inspect": (lyricgen.load, lyricgen.Model.inspect),
    "score": (lyricgen.load, lyricgen.Model.score),
    "measure": (lyricgen.load, lyricgen.Model.measure),
    "export": (lyricgen.load, lyricgen.Model.export),
}
# What only a terminal, a pipe or a process needs.
TERMINAL = {"json", "interactive", "config", "preview", "preview_every", "kvstore", "encoding", "force", "output"}


def settings(command: click.Command) -> dict[str, Any]:
    """What a command inherits from the program; click keeps the first help option that it makes."""
    prefix = f"LYRICGEN_{str(command.name).upper()}"
    return {"auto_envvar_prefix": prefix, "help_option_names": commands.context_settings["help_option_names"]}


def sample(option: click.Option) -> Any:
    """A value that is not the default."""
    kind = option.type
    if option.is_flag:
        return not option.default
    if isinstance(kind, click.Choice):
        return next(choice for choice in kind.choices if choice != option.default)
    if isinstance(kind, click.IntRange) or kind is click.INT:
        return 2 if option.default != 2 else 3
    if isinstance(kind, click.FloatRange) or kind is click.FLOAT:
        return 2.5 if getattr(kind, "min", None) == 1 else 0.25
    return "gpu" if option.name == "device" else "words"


def value_of(option: click.Option, context: click.Context) -> Any:
    value = context.params[str(option.name)]
    value = value[0] if option.multiple else value
    return str(value) if isinstance(value, Path) else value


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_the_name_of_an_option_is_its_flag(command: click.Command, option: click.Option) -> None:
    assert max(option.opts, key=len) == flag(str(option.name))


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_every_option_has_a_variable(
    command: click.Command, option: click.Option, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name, expected = f"LYRICGEN_{str(command.name).upper()}_{str(option.name).upper()}", sample(option)
    if option.name == "config":
        (tmp_path / "words").write_text("hidden = 3")
        monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, str(expected))
    context = command.make_context(command.name, [], **settings(command))
    if option.name == "config":
        assert context.params["hidden"] == 3
    else:
        assert value_of(option, context) == expected


@pytest.mark.parametrize(("command", "option"), IN_A_FILE)
def test_every_option_has_a_key(command: click.Command, option: click.Option, tmp_path: Path) -> None:
    expected = sample(option)
    written = json.dumps([expected] if option.multiple else expected)
    (tmp_path / "run.toml").write_text(f"{str(option.name).replace('_', '-')} = {written}", "utf-8")
    context = command.make_context("train", ["--config", str(tmp_path / "run.toml")], **settings(command))
    assert value_of(option, context) == expected


@pytest.mark.parametrize(("command", "option"), [each for each in OPTIONS if each.id.split()[0] in FUNCTIONS])
def test_every_option_has_a_keyword(command: click.Command, option: click.Option) -> None:
    name = str(command.name)
    known = {field.name for kind in CONFIGS.get(name, ()) for field in dataclasses.fields(kind)}
    for function in FUNCTIONS[name]:
        known |= set(inspect.signature(function).parameters)
    assert option.name in known | TERMINAL


@pytest.mark.parametrize("name", commands.commands)
def test_help_names_a_variable(name: str) -> None:
    command = commands.commands[name]
    context = click.Context(command, info_name=name, **settings(command))
    shown = command.get_help(context)
    assert ("Variables:" in shown) == (name != "completion")
    for option in command.params:
        if isinstance(option, click.Option) and name != "completion":
            assert shown.count(max(option.opts, key=len) + " ") >= 1


CONTRADICTIONS = {
    "generate": "--interactive --json; --interactive -n 2; --like - --prefix -",
    "inspect": "-o page.png",
    "plot": "--gradients --context; -o page.html",
    "train": "--cell ngram --bidirectional; --bidirectional --ngram; --engine numpy --device gpu; "
    "--engine mxnet --gru-reset before; --resume --force; --cell ngram --resume",
}


@pytest.mark.parametrize(
    ("command", "arguments"),
    [(name, each.split()) for name, calls in CONTRADICTIONS.items() for each in calls.split("; ")],
)
def test_contradictions_are_refused(command: str, arguments: list[str], trained: Path, cli: Cli) -> None:
    arguments += ["-o", "nothing"] if command == "train" else []
    result = cli(command, *arguments, cwd=trained)
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (2, "", 1), result.stderr
    assert not (trained / "nothing").exists()


def test_what_has_no_effect_is_ignored(cli: Cli, trained: Path) -> None:
    for arguments in (["--top-k", "3"], ["--drafts", "2"], ["-n", "2"]):
        assert cli("generate", "--length", "3", "--temperature", "0", *arguments, cwd=trained).returncode == 0
    result = cli("train", "--cell", "ngram", "--hidden", "8", "--seed", "4", "-o", "c", cwd=trained)
    assert result.returncode == 0, result.stderr
    shutil.rmtree(trained / "c")


def test_a_line_has_one_score(cli: Cli, trained: Path) -> None:
    model = lyricgen.load(trained / "checkpoints")
    for line in ("山上的雨", "雨"):
        result = model.score(line)
        assert result is not None
        assert cli("score", cwd=trained, input=line + "\n").stdout == f"{result.bits_per_character:.4f}\t{line}\n"
    assert model.score("") is None


def test_a_text_has_one_evaluation(cli: Cli, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text(SONG[40:], "utf-8")
    figures = json.loads(cli("evaluate", str(tmp_path / "other.txt"), "--json", cwd=trained).stdout)
    found = lyricgen.load(trained / "checkpoints").evaluate(tmp_path / "other.txt", baselines=True)
    assert (figures["perplexity"], figures["accuracy"]) == (found.perplexity, found.accuracy)
    assert figures["baselines"]["unigram"]["perplexity"] == found.baselines["unigram"].perplexity
    assert [song["perplexity"] for song in figures["songs"]] == [score.perplexity for _, score in found.songs()]


def test_large_figures_are_short() -> None:
    assert [show_number(x) for x in (3.14159, 999_999.0, 1.4925592e29)] == ["3.14", "999999.00", "1.49e+29"]
