"""``lyricgen info``: what is in a dataset or a checkpoint."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import tomli_w

from lyricgen import files, storage
from lyricgen.cli.options import PATH, command, expand, option, put, show, to_json
from lyricgen.config import STDIN
from lyricgen.errors import FileError, OptionError
from lyricgen.model import checkpoint as checkpoints
from lyricgen.model.checkpoint import Checkpoint
from lyricgen.text import dataset as datasets
from lyricgen.text.dataset import Dataset

_SHOWN = 60


@command("info")
@click.argument("paths", nargs=-1, type=PATH, metavar="[PATH]...", callback=expand)
@option("--toml", is_flag=True, help="The file by which `train --config` would train it again.")
@option("--json", is_flag=True, help="Print a line of JSON for each.")
def info(paths: tuple[Path, ...], toml: bool, json: bool) -> None:
    """Show what is in datasets and checkpoints.

    PATH is a dataset, a checkpoint, or a folder's best one [default: checkpoints].
    """
    if toml and json:
        raise OptionError("--toml and --json exclude each other")
    for number, path in enumerate(paths or (Path(checkpoints.DEFAULT_FOLDER),)):
        if _is_song(path):
            raise FileError(f"{path}: is a text; `lyricgen forms` shows the form of a song")
        kind = _kind(path)
        if toml and kind != checkpoints.KIND:
            raise FileError(f"{path}: is a dataset; --toml wants a checkpoint, which knows how it was trained")
        if kind == datasets.KIND:
            facts = _of_dataset(datasets.load(path))
        else:
            loaded = checkpoints.load(path)
            if toml:
                put(_toml(loaded), end="")
                continue
            facts = _of_checkpoint(loaded)
        facts = {"path": str(path), "kind": kind, **facts}
        if json:
            put(to_json(facts))
        else:
            put(("\n" if number else "") + _table(facts))


def _is_song(path: Path) -> bool:
    return str(path) == STDIN or (files.is_file(path) and not storage.is_stored(path) and path.suffix != storage.SUFFIX)


def _kind(path: Path) -> str:
    return storage.kind_of(checkpoints.locate(path))


def _of_dataset(data: Dataset) -> dict[str, Any]:
    parts = {
        name: {"characters": len(ids), "unknown": data.unknown_share(name), "songs": len(data.parts.song_starts(name))}
        for name, ids in data.parts.stored.items()
    }
    return {
        "sources": list(data.sources),
        "characters": len(data),
        "vocabulary": data.vocabulary.characters,
        "parts": parts,
        "config": dataclasses.asdict(data.config),
        "fingerprint": data.fingerprint,
    }


def _of_checkpoint(checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        "model": dataclasses.asdict(checkpoint.model),
        "train": dataclasses.asdict(checkpoint.train),
        "parameters": sum(tensor.size for tensor in checkpoint.parameters.values()),
        "vocabulary": checkpoint.vocabulary.characters,
        "newlines": checkpoint.newlines,
        "progress": dataclasses.asdict(checkpoint.progress),
        "can_resume": checkpoint.can_resume,
        "text": {} if checkpoint.text is None else {name: len(ids) for name, ids in checkpoint.text.stored.items()},
        "read": {text.name: text.characters for text in checkpoint.read},
        "ngram_share": checkpoint.counted.share if checkpoint.counted else None,
        "fingerprint": checkpoint.dataset,
    }


def _table(facts: Mapping[str, Any], indent: str = "") -> str:
    lines = []
    for name, value in facts.items():
        if isinstance(value, dict):
            lines += [f"{indent}{name}", _table(value, indent + "  ")]
            continue
        if name == "vocabulary":
            value = f"{len(value):,}: {show(value, _SHOWN)}"
        elif isinstance(value, list):
            value = ", ".join(map(str, value)) or "the sample"
        elif isinstance(value, float):
            value = f"{value:.6g}"
        elif isinstance(value, int) and not isinstance(value, bool):
            value = f"{value:,}"
        elif isinstance(value, bool) or value is None:
            value = {True: "yes", False: "no", None: "-"}[value]
        lines.append(f"{indent}{name + ' ':<{20 - len(indent)}}{show(str(value))}")
    return "\n".join(lines)


def _toml(checkpoint: Checkpoint) -> str:
    options = {**dataclasses.asdict(checkpoint.model), **dataclasses.asdict(checkpoint.train)}
    comments = "".join(f"# begun with a base that had read {text.name}\n" for text in checkpoint.read[:-1])
    return comments + tomli_w.dumps({name: value for name, value in options.items() if value is not None})
