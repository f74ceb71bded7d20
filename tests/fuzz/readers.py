"""Whatever bytes a file holds, a reader makes something of them or says in one error what is wrong with them.

By hand, with coverage-guided fuzzing (``pip install atheris``; Python 3.11 to 3.13 on Linux):

    python tests/fuzz/readers.py checkpoint -max_total_time=600 corpus_folder

The target is one of those at the end. A finding is any exception but a ``LyricgenError``, and more than a second or
2 GB for one input. Checkpoints and datasets are fuzzed twice: as bytes, and as metadata and tensors behind a right
checksum.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["lyricgen", "zipfile", "gzip", "tomllib", "json"]):
    import dataclasses
    import gzip
    import zipfile

    import click
    import numpy as np

    from lyricgen import api, storage
    from lyricgen.cli.settings import read_settings
    from lyricgen.cli.train import train
    from lyricgen.config import ModelConfig, PrepareConfig, TrainConfig
    from lyricgen.engine import start
    from lyricgen.errors import LyricgenError
    from lyricgen.model import checkpoint as checkpoints
    from lyricgen.model import counting, log
    from lyricgen.model.checkpoint import Progress, fresh
    from lyricgen.model.parameters import initial_parameters
    from lyricgen.text import corpus, dataset
    from lyricgen.writing import measures

SONG = "山上的雨\n雨落在山上\n\n我们不分开\n" * 8
FOLDER = Path(tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None))
DTYPES = ["u1", "<u2", "<u4", "<i8", "<f4", "<f8"]


def _seeds() -> dict[str, Any]:
    """Whole files, whose parts are changed."""
    data = dataset.split([SONG], PrepareConfig(valid_fraction=0.2))
    rng = np.random.default_rng(1)
    found = {}
    for cell in ("rnn", "lstm"):
        model = ModelConfig(cell=cell, hidden=3)
        parameters = initial_parameters(model, len(data.vocabulary), rng)
        count = sum(tensor.size for tensor in parameters.values())
        start = fresh(data, model, TrainConfig(), parameters, Progress(1, 3, 5.0, 6.0, 1, 6.0))
        moments = {"mean": np.zeros(count, "f4"), "variance": np.zeros(count, "f4")}
        found[cell] = checkpoints.dataclasses.replace(start, optimizer=moments)
    found["ngram"] = counting.count(data, ModelConfig(cell="ngram", order=3), TrainConfig())[0]
    found["dataset"] = data
    stored = {}
    for name, each in found.items():
        each.save(FOLDER / "seed.safetensors")
        stored[name] = storage.read(FOLDER / "seed.safetensors", "dataset" if name == "dataset" else "checkpoint")
    return stored


def _resealed(provider: Any, names: list[str], kind: str) -> Path:
    """A file with changed metadata, or a changed tensor, behind a right checksum."""
    stored = SEEDS[names[provider.ConsumeIntInRange(0, len(names) - 1)]]
    metadata, tensors = json.loads(json.dumps(stored.metadata)), dict(stored.tensors)
    for _ in range(provider.ConsumeIntInRange(0, 2)):
        name = sorted(tensors)[provider.ConsumeIntInRange(0, len(tensors) - 1)]
        if provider.ConsumeBool():
            del tensors[name]
            name += "x" * provider.ConsumeIntInRange(0, 1)
        shape = [provider.ConsumeIntInRange(0, 4) for _ in range(provider.ConsumeIntInRange(0, 3))]
        dtype = np.dtype(DTYPES[provider.ConsumeIntInRange(0, len(DTYPES) - 1)])
        count = int(np.prod(shape)) if shape else 1
        bytes_ = provider.ConsumeBytes(count * dtype.itemsize).ljust(count * dtype.itemsize, b"\0")
        tensors[name] = np.frombuffer(bytes_, dtype).reshape(shape)
    for _ in range(provider.ConsumeIntInRange(0, 2)):
        key = sorted(metadata)[provider.ConsumeIntInRange(0, len(metadata) - 1)]
        place: Any = metadata
        if isinstance(metadata[key], dict) and metadata[key] and provider.ConsumeBool():
            place, inner = metadata[key], sorted(metadata[key])
            key = inner[provider.ConsumeIntInRange(0, len(inner) - 1)]
        place[key] = _value(provider)
    path = FOLDER / "x.safetensors"
    with suppress(UnicodeEncodeError):
        storage.write(path, str(metadata.pop("kind", kind)), metadata, tensors)
    return path


def _value(provider: Any, depth: int = 0) -> Any:
    kind = provider.ConsumeIntInRange(0, 8 if depth < 3 else 6)
    if kind == 0:
        return None
    if kind == 1:
        return provider.ConsumeBool()
    if kind == 2:
        return provider.ConsumeInt(8)
    if kind == 3:
        return 10 ** provider.ConsumeIntInRange(0, 500) * (-1) ** provider.ConsumeIntInRange(0, 1)
    if kind == 4:
        return provider.ConsumeFloat()
    if kind in (5, 6):
        return provider.ConsumeUnicode(provider.ConsumeIntInRange(0, 40))
    parts = [_value(provider, depth + 1) for _ in range(provider.ConsumeIntInRange(0, 3))]
    return parts if kind == 7 else {provider.ConsumeUnicodeNoSurrogates(6): part for part in parts}


def _use_checkpoint(path: Path) -> None:
    """What a command does with one."""
    loaded = checkpoints.load(path)
    if len(loaded.vocabulary) < 3000 and loaded.model.hidden < 300:
        model = api.load(path)
        next(model.generate(seed=1, length=3))
        model.score("山上")
    with suppress(LyricgenError):
        start.resumed(checkpoints.load(path), path, DATA, {})


def checkpoint(data: bytes) -> None:
    provider = atheris.FuzzedDataProvider(data)
    if provider.ConsumeBool():
        _use_checkpoint(_resealed(provider, ["rnn", "lstm", "ngram"], "checkpoint"))
    else:
        _use_checkpoint(_written("x.safetensors", data[:-1]))


def prepared(data: bytes) -> None:
    provider = atheris.FuzzedDataProvider(data)
    if provider.ConsumeBool():
        path = _resealed(provider, ["dataset"], "dataset")
    else:
        path = _written("x.safetensors", data[:-1])
    loaded = dataset.load(path)
    for name in ("train", "valid", "test"):
        loaded.parts.text(name)
        loaded.unknown_share(name)


def _written(name: str, data: bytes) -> Path:
    path = FOLDER / name
    path.write_bytes(data)
    return path


def _read(name: str, data: bytes) -> None:
    path = _written(name, data)
    for encoding in ("utf-8", "gb18030", "utf-16"):
        with suppress(LyricgenError):
            "".join(corpus.read([str(path)], encoding=encoding))
    dataset.prepare([str(path)], PrepareConfig(test_fraction=0.1))


def zip(data: bytes) -> None:
    _read("x.zip", data)


def gz(data: bytes) -> None:
    _read("x.txt.gz", data)


def txt(data: bytes) -> None:
    _read("x.txt", data)


def toml(data: bytes) -> None:
    path = _written("x.toml", data)
    context = click.Context(train)
    read_settings(context, train.params[0], path)
    with suppress(click.ClickException):
        train.make_context("train", [], default_map=context.default_map)


def json_log(data: bytes) -> None:
    path = _written("log.jsonl", data)
    with suppress(LyricgenError):
        log.read(path)
    log.truncate(path, 1)
    log.read(path)


def songs(data: bytes) -> None:
    measures.parse_songs(data.decode("utf-8", "replace"), "x")


TARGETS: dict[str, Callable[[bytes], None]] = {
    "checkpoint": checkpoint,
    "dataset": prepared,
    "zip": zip,
    "gz": gz,
    "txt": txt,
    "toml": toml,
    "log": json_log,
    "songs": songs,
}


def _write_corpus(target: str, folder: Path) -> None:
    """Inputs to begin with, in an empty folder."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        return
    inputs: list[bytes] = [b"", SONG.encode(), SONG.encode("gb18030"), SONG.encode("utf-16")]
    if target in ("checkpoint", "dataset"):
        rng = np.random.default_rng(2)
        inputs = [(FOLDER / "seed.safetensors").read_bytes() + b"\0"]
        inputs += [rng.bytes(200) + bytes([rng.integers(256)]) for _ in range(50)]
    if target == "zip":
        path = FOLDER / "seed.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, kind in itertools.product(("a.txt", "b.txt"), (zipfile.ZIP_STORED, zipfile.ZIP_LZMA)):
                archive.writestr(name, SONG[:60], compress_type=kind)
        inputs = [path.read_bytes()]
    if target == "gz":
        inputs = [gzip.compress(each) for each in inputs]
    if target == "toml":
        inputs = [b'hidden = 3\nlr = 0.1\ntie = false\npreview = ["a"]\ncell = "rnn"\n', b"[a]\nb = 1979-05-27"]
    if target == "log":
        line = json.dumps(dataclasses.asdict(log.record(epoch=1, train_perplexity=2.0, characters=3, seconds=1.0)))
        inputs = [f"{line}\n{line}\n".encode(), line[:30].encode()]
    if target == "songs":
        inputs = [SONG.encode(), b'{"text": "a"}\n{"text": 3}\n']
    for number, each in enumerate(inputs):
        (folder / f"seed{number}").write_bytes(each)


def main() -> None:
    target = sys.argv.pop(1)
    folders = [Path(argument) for argument in sys.argv[1:] if not argument.startswith("-")]
    for folder in folders[:1]:
        _write_corpus(target, folder)

    def one(data: bytes) -> None:
        with suppress(LyricgenError):
            TARGETS[target](data)

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


SEEDS = _seeds()
DATA = dataset.split([SONG], PrepareConfig(valid_fraction=0.2))

if __name__ == "__main__":
    main()
