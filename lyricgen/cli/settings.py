"""Options from a TOML file: below flags and variables, above defaults."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import Any

import click

from lyricgen.cli.options import Decorated, option
from lyricgen.errors import FileError, describe

_NOT_IN_A_FILE = {"config", "resume", "force"}


def config_file_option(command: Decorated) -> Decorated:
    """Add ``--config``."""
    return option(
        "--config", type=click.Path(path_type=Path), is_eager=True, expose_value=False, callback=_read,
        help="A TOML file with options by their names; flags and variables count for more.",
    )(command)  # fmt: skip


def _read(context: click.Context, _: click.Parameter, path: Path | None) -> None:
    if path is None:
        return
    names = {name for parameter in context.command.params if (name := parameter.name) and name not in _NOT_IN_A_FILE}
    values = {key.replace("-", "_"): value for key, value in _load(path).items()}
    for key, value in values.items():
        if key not in names:
            near = difflib.get_close_matches(key, names, n=1)
            raise FileError(f"{path}: {key}: no such option" + (f"; {near[0]} is meant?" if near else ""))
        if isinstance(value, dict):
            raise FileError(f"{path}: [{key}]: is a table; options stand in none")
    context.default_map = {**(context.default_map or {}), **values}


def _load(path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return dict(tomllib.loads(path.read_text("utf-8-sig")))
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {describe(error)}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileError(f"{path}: is not a TOML file: {error}") from error
