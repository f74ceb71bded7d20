"""Options from a TOML file: below flags and variables, above defaults."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import Any

import click

from lyricgen.cli.options import PATH, Decorated, option
from lyricgen.errors import FileError, OptionError, describe

_NOT_IN_A_FILE = {"config", "resume", "force"}
_MAX_BYTES = 1 << 20  # bytes


def config_file_option(command: Decorated) -> Decorated:
    """Add ``--config``."""
    return option(
        "--config",
        type=PATH,
        is_eager=True,
        expose_value=False,
        callback=read_settings,
        help="A TOML file with options by their names; flags and variables count for more.",
    )(command)


def read_settings(context: click.Context, _: click.Parameter, path: Path | None) -> None:
    """Take the defaults of a command from a TOML file; FileError or OptionError for a wrong one."""
    if path is None:
        return
    values = {key.replace("-", "_"): value for key, value in _load(path).items()}
    named = {str(parameter.name): parameter for parameter in context.command.params}
    parameters = {name: parameter for name, parameter in named.items() if name not in _NOT_IN_A_FILE}
    for key, value in values.items():
        if key not in parameters:
            near = difflib.get_close_matches(key, parameters, n=1)
            raise FileError(f"{path}: {key}: no such option" + (f"; {near[0]} is meant?" if near else ""))
        values[key] = _checked(f"{path}: {key}", value, parameters[key])
    context.default_map = {**(context.default_map or {}), **values}


def _checked(name: str, value: Any, parameter: click.Parameter) -> Any:
    """Return the value of an option, a list if it takes several; raise an error if it is of another kind."""
    if isinstance(value, dict):
        raise FileError(f"{name}: is a table; options stand in none")
    several = parameter.multiple or parameter.nargs == -1
    if isinstance(value, list) and not several:
        raise FileError(f"{name}: is a list; it takes one value")
    values = value if isinstance(value, list) else [value]
    kinds = _kinds(parameter)
    for item in values:
        if type(item) not in kinds or (isinstance(item, str) and "\0" in item):
            raise OptionError(f"{name}: is not of type {kinds[-1].__name__}")
    return values if several else value


def _kinds(parameter: click.Parameter) -> tuple[type, ...]:
    """Return the types of TOML that stand for an option's value."""
    if isinstance(parameter, click.Option) and parameter.is_flag:
        return (bool,)
    if isinstance(parameter.type, click.types.IntParamType):
        return (int,)
    return (int, float) if isinstance(parameter.type, click.types.FloatParamType) else (str,)


def _load(path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        with open(path, "rb") as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise FileError(f"{path}: has over {_MAX_BYTES:,} bytes, which no file of options has")
        return dict(tomllib.loads(content.decode("utf-8-sig")))
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {describe(error)}") from error
    except (ValueError, RecursionError) as error:
        raise FileError(f"{path}: is not a TOML file: {error}") from error
