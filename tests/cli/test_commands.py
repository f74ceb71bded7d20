from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from support.command import Cli

import lyricgen
from lyricgen.cli import commands


def test_without_arguments_the_help(cli: Cli) -> None:
    result = cli()
    assert result.returncode == 0
    assert result.stdout == cli("--help").stdout
    for command in ("prepare", "train", "generate", "evaluate"):
        assert f"  {command} " in result.stdout


def test_version(cli: Cli) -> None:
    assert cli("--version").stdout == f"lyricgen {lyricgen.__version__}\n"


@pytest.mark.process
def test_the_installed_script_is_the_same_program(cli: Cli) -> None:
    script = Path(sys.executable).with_name("lyricgen")
    if not script.exists():
        pytest.skip("lyricgen is not installed as a script beside this Python")
    assert subprocess.run([script, "--help"], capture_output=True, text=True).stdout == cli("--help").stdout


@pytest.mark.parametrize("name", commands.commands)
def test_every_option_is_explained(name: str) -> None:
    command = commands.commands[name]
    shown = CliRunner().invoke(commands, [name, "-h"])
    assert shown.exit_code == 0
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    assert options or command.params
    for option in options:
        assert option.help, option.opts
        assert option.opts[0] in shown.output


def test_an_unknown_command_is_named_with_a_hint(cli: Cli) -> None:
    result = cli("trian")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert "trian" in result.stderr
    assert "lyricgen --help" in result.stderr


def test_every_module_runs_without_an_install_of_the_corpus(cli: Cli, tmp_path: Path) -> None:
    checkout = Path(lyricgen.__file__).parents[1]
    if not (checkout / "data").is_dir():
        pytest.skip("lyricgen is installed apart from its checkout")
    result = cli("prepare", "-o", str(tmp_path / "d.safetensors"), cwd=checkout)
    assert result.returncode == 0, result.stderr
