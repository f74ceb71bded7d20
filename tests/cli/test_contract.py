"""One word for flag, variable, key and keyword; one answer to one question; an option that has no effect is refused."""

from __future__ import annotations

import dataclasses
import inspect
import json
import shutil
from pathlib import Path
from typing import Any

import click
import pytest
from conftest import SONG, Cli

import lyricgen
from lyricgen.cli import commands
from lyricgen.cli.options import show_number
from lyricgen.config import FormConfig, ModelConfig, PrepareConfig, SampleConfig, TrainConfig, flag
from lyricgen.errors import OptionError

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
    "train": (ModelConfig, TrainConfig),
    "generate": (SampleConfig, FormConfig),
    "fill": (SampleConfig, FormConfig),
}
FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "prepare": (lyricgen.prepare, lyricgen.minibatches),
    "train": (lyricgen.train,),
    "generate": (lyricgen.load, lyricgen.Model.generate, lyricgen.Model.best, lyricgen.Model.writer),
    "fill": (lyricgen.load, lyricgen.Model.fill),
    "evaluate": (lyricgen.evaluate, lyricgen.Model.evaluate),
    "inspect": (lyricgen.load, lyricgen.Model.inspect, lyricgen.gradients, lyricgen.context),
    "score": (lyricgen.load, lyricgen.Model.score),
    "measure": (lyricgen.measure,),
    "export": (lyricgen.export,),
}
TERMINAL = {  # what only a terminal, a pipe or a process needs
    "json",
    "stream",
    "interactive",
    "config",
    "preview",
    "preview_every",
    "tensorboard",
    "workers",
    "kvstore",
    "html",
    "template",
    "gradients",
    "context",
    "encoding",
    "force",
    "toml",
    "title",
    "output",
    "show_batches",
}


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


NO_EFFECT = {
    "prepare": "--batch-size 3; --steps 3; --show-batches random -o new; --show-batches consecutive -f; "
    "--show-batches random --max-chars 9; --show-batches random --newlines space",
    "generate": "--beam 4 --temperature 0.8; --beam 4 --top-k 3; --beam 4 --top-p 0.5; --particles 2; "
    "--beam 2 --particles 2 --line-length 3; --temperature 0 --top-k 3; --json --stream; --weights 1; "
    "--best-of 3 --beam 2; --best-of 3 --temperature 0; --best-of 3 --stream; --theme-strength 1; "
    "--dataset dataset.safetensors; --lines 3 --particles 2",
    "inspect": "--scale 2; --gradients --max-chars 9; --context --without like; --context --encoding gb18030; "
    "--gradients -c zh; --context --scale 2; --gradients --no-ngram; --context --ngram",
    "train": "--cell ngram --bidirectional; --cell ngram --hidden 8; --cell ngram --threads 2; "
    "--no-ngram --order 3; --bidirectional --order 3; --bidirectional --ngram; "
    "--cell lstm --gru-reset before; --sampling random --reset-rate 0.1; --preview-every 2; "
    "--cell ngram --workers 2; --cell ngram --engine numpy; --engine numpy --device gpu; "
    "--cell ngram --tensorboard board; --cell ngram --checkpoint-every 3",
}


@pytest.mark.parametrize(
    ("command", "arguments"), [(name, each.split()) for name, calls in NO_EFFECT.items() for each in calls.split("; ")]
)
def test_an_option_without_effect_is_refused(
    command: str,
    arguments: list[str],
    trained: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(trained)
    arguments += ["-o", "nothing"] if command == "train" else []
    with pytest.raises((click.UsageError, OptionError), match="has no effect") as refused:
        commands.main([command, *arguments], standalone_mode=False)
    assert refused.value.exit_code == 2
    assert capfd.readouterr() == ("", "")
    assert not (trained / "nothing").exists()


def test_options_that_ask_for_nothing_are_not_refused(cli: Cli, trained: Path) -> None:
    for arguments in (["--beam", "2", "--top-k", "0"], ["--particles", "1"], ["--beam", "2", "--seed", "3"]):
        assert cli("generate", "--length", "3", *arguments, cwd=trained).returncode == 0
    assert cli("train", "--cell", "ngram", "--no-bidirectional", "--seed", "4", "-o", "c", cwd=trained).returncode == 0
    shutil.rmtree(trained / "c")


def test_counting_is_not_training(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"lyricgen\.count"):
        list(lyricgen.train(trained / "dataset.safetensors", tmp_path / "m", cell="ngram"))
    assert not (tmp_path / "m").exists()


def test_a_line_has_one_score(cli: Cli, trained: Path) -> None:
    model = lyricgen.load(trained / "checkpoints")
    for line in ("山上的雨", "雨"):
        result = model.score(line)
        assert result is not None
        assert cli("score", cwd=trained, input=line + "\n").stdout == f"{result.bits_per_character:.4f}\t{line}\n"
    assert model.score("") is None


def test_a_text_has_one_evaluation(cli: Cli, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text(SONG[40:], "utf-8")
    figures = json.loads(cli("evaluate", str(tmp_path / "other.txt"), "--json", "--accuracy", cwd=trained).stdout)
    found = lyricgen.evaluate(tmp_path / "other.txt", checkpoint=trained / "checkpoints", accuracy=True, baselines=True)
    assert (figures["perplexity"], figures["accuracy"]) == (found.perplexity, found.accuracy)
    assert figures["baselines"]["unigram"]["perplexity"] == found.baselines["unigram"].perplexity
    assert [song["perplexity"] for song in figures["songs"]] == [score.perplexity for _, score in found.songs()]


def test_large_figures_are_short() -> None:
    assert [show_number(x) for x in (3.14159, 999_999.0, 1.4925592e29)] == ["3.14", "999999.00", "1.49e+29"]
