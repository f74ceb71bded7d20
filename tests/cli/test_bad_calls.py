"""Calls that are wrong: one line that names the culprit and the cure, nothing new on disk."""

from __future__ import annotations

import gzip
import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest
from support.command import SONG, Cli, run_here

from lyricgen import storage
from lyricgen.model.checkpoint import Checkpoint

USAGE = """
prepare: --max-chars -1; --max-chars 1.5; --valid-fraction 0.95; --valid-fraction x; --valid-fraction nan
prepare: --test-fraction -0.1; --valid-fraction 0.5 --test-fraction 0.5; --min-count 0; --newlines drop
prepare: --encoding nonsense; --encoding rot13; --wings 2
train: --cell transformer; --gru-reset during; --hidden 0; --hidden 99999; --layers 0; --layers 65; --embedding -1
train: --order 0; --order 17; --dropout 1; --dropout -0.1; --dropout nan
train: --batch-size 0; --steps 0; --epochs 0; --epochs many; --sampling sometimes
train: --lr 1e-308; --lr 1e308; --clip 1e-308; --device tpu; --engine torch
train: --optimizer rmsprop; --lr 0; --lr nan; --lr inf; --schedule linear; --clip -1; --patience -1
train: --seed -1; --seed 9223372036854775808; --preview-every 0
train: --threads 0; --tie=1
train: song.txt -o model --force --resume
generate: --samples 0; --length -1; --temperature -1; --temperature nan; --top-k -1; --top-p 0; --top-p 1.1
generate: --seed x; --prefix; song
generate: -c model --form 7,,7; -c model --rhyme 12; -c model --lines 1 --acrostic 山雨
generate: -c model --lines 4 --until-blank; -c model --rhyme-by final; -c model --structure V!; --lines 0
generate: -c model --structure VC --length 9; -c model --form 7,7,7 --lines 3 --length 9
generate: -c model --interactive --json; --drafts 0; --drafts 257; --line-length 257
generate: -c model --rhyme A --rhyme-with qzx
generate: -c model --form 1 --prefix 山雨; -c model --theme 龘; -c model --theme ,
generate: -c model --form 7,=1 --length 9; --rhyme-by sound
fill: --best 0; 山＿ --wings
fill: -c model 山＿ --form 3; -c model 山＿ --rhyme-by near; -c model 山＿ --lines 2; 山＿ --until-blank
evaluate: --perplexity
evaluate: -c model - --encoding nonsense
inspect: -c model --max-chars 1
plot: --gradients --context; --gradients --scale nan; --gradients --scale 1001; -o a.txt
measure: a b; --songs
forms: 十四行; 如梦令 --wings
generate: --temperature 5e-324; --temperature 2000; --lines 2000000000; --max-copy 3000000000; --no-repeat 99999
generate: --length 2000000000; -n 2000000; --top-k DIGITS; --seed DIGITS; --lines DIGITS
train: --hidden DIGITS; --lr DIGITS; --epochs DIGITS; --threads 99999
fill: --best 3000000
""".replace("DIGITS", "9" * 400)

FAULTS = [
    ("prepare missing.txt", "missing.txt", "No such file"),
    ("prepare empty.txt", "empty.txt", "no text"),
    ("prepare folder", "folder", "no .txt"),
    ("prepare latin.txt", "latin.txt", "--encoding"),
    ("prepare broken.zip", "broken.zip", "damaged"),
    ("prepare no_text.zip", "no_text.zip", "no .txt file"),
    ("prepare broken.gz", "broken.gz", "damaged"),
    ("prepare one.txt", "one.txt", "too few"),
    ("prepare song.txt -o folder", "folder", "is a folder"),
    ("train a b", "a", "No such file"),
    ("score missing.txt -c model", "missing.txt", "No such file"),
    ("prepare song.txt -o taken.safetensors", "taken.safetensors", "--force"),
    ("prepare song.txt -o song.txt/x", "song.txt", "cannot be written"),
    ("prepare song.txt -o /proc/x", "/proc/x", "cannot be written"),
    ("prepare /dev/zero", "/dev/zero", "is a device"),
    ("prepare song.txt --encoding utf-16", "song.txt", "--encoding"),
    ("train missing.txt", "missing.txt", "No such file"),
    ("train model/best.safetensors", "best.safetensors", "a dataset is wanted"),
    ("train rubbish.safetensors", "rubbish.safetensors", "not a lyricgen file"),
    ("train newer.safetensors", "newer.safetensors", "upgrade lyricgen"),
    ("train flipped.safetensors", "flipped.safetensors", "damaged"),
    ("train song.txt -o song.txt", "song.txt", "-o"),
    ("train song.txt -o model", "model", "--resume"),
    ("train song.txt -o nowhere --resume", "nowhere", "no checkpoint to resume"),
    ("train song.txt -o model --resume", "last.safetensors", "another dataset"),
    ("train song.txt -o /proc/x --cell ngram", "/proc/x", "cannot be written"),
    ("train one.txt --cell ngram", "one.txt", "too few"),
    ("generate -c missing", "missing", "lyricgen train"),
    ("generate -c folder", "folder", "lyricgen train"),
    ("generate -c data.safetensors", "data.safetensors", "a checkpoint is wanted"),
    ("generate -c song.txt", "song.txt", "not a lyricgen file"),
    ("evaluate missing.txt -c model", "missing.txt", "No such file"),
    ("evaluate one.txt -c model", "one.txt", "two characters"),
    ("inspect one.txt -c model", "one.txt", "two characters"),
    ("inspect missing.txt -c model", "missing.txt", "No such file"),
    ("inspect -c missing", "missing", "lyricgen train"),
    ("inspect -c model -o song.txt", "song.txt", "--force"),
    ("plot --gradients model", "held-out text has", "--dataset"),
    ("inspect model", "model: is a model", "-c"),
    ("inspect model/best.safetensors", "is a model", "-c"),
    ("plot --context model", "held-out text has", "--dataset"),
    ("plot --gradients model both", "both: is bidirectional", "reads forward only"),
    ("plot --context other", "other: is an n-gram model", "name a network"),
    ("plot --context nowhere", "nowhere", "lyricgen train"),
    ("evaluate latin.txt -c model", "latin.txt", "--encoding"),
    ("evaluate -c rubbish.safetensors", "rubbish.safetensors", "not a lyricgen file"),
    ("score -c missing", "missing", "lyricgen train"),
    ("fill 山＿ -c missing", "missing", "lyricgen train"),
    ("fill 山水 -c model", "山水", "no blank"),
    ("generate -c both", "both", "--bidirectional"),
    ("prepare song.txt -o pipe -f", "pipe", "is a device or a pipe"),
    ("prepare song.txt -o /dev/null -f", "/dev/null", "is a device or a pipe"),
    ("export -c model --format torch -o pipe -f", "pipe", "is a device or a pipe"),
    ("train song.txt -o foreign", "foreign", "already holds a log.jsonl"),
    ("train song.txt -o foreign --cell ngram", "foreign", "already holds a log.jsonl"),
    ("train song.txt -o copied --resume", "last.safetensors", "a copy of best"),
    ("train song.txt -o other --resume", "last.safetensors", "it is an n-gram model"),
    ("train song.txt -o new --config /dev/zero", "/dev/zero", "no file of options"),
    ("train song.txt -o new --config deep.json", "deep.json", "not a TOML file"),
    ("train song.txt -o new --hidden 16384 --layers 64", "--hidden", "GB of memory"),
    ("train song.txt -o new2 --hidden 4 --lr 1e30 --optimizer sgd --clip 0", "epoch 1", "nothing was written"),
    ("measure deep.json -c model", "deep.json", "nested too deeply"),
    ("plot deep", "deep", "line 1 is no line of a training's log"),
    ("plot foreign", "foreign", "line 1 is no line of a training's log"),
    ("generate -c nan.safetensors --lines 2 --line-length 3", "nan.safetensors", "not finite"),
    ("prepare deep.json --field text", "deep.json", "nested too deeply"),
    ("prepare songs.csv", "songs.csv", "of: title, lyric"),
    ("prepare big5.txt --encoding utf-8", "big5.txt", "--encoding big5"),
    ("generate -c model --line-length 2 --lines 40 --no-repeat 1 -n 2", "line", "remove a constraint"),
]


UNSET = [  # what a shell makes of "$variable" that is not set
    (["prepare", ""], 1),
    (["train", ""], 1),
    (["score", "", "-c", "model"], 1),
    (["measure", "", "-c", "model"], 1),
    (["evaluate", "", "-c", "model"], 1),
    (["inspect", "", "-c", "model"], 1),
    (["prepare", "song.txt", "-o", ""], 2),
    (["train", "song.txt", "-o", ""], 2),
    (["generate", "-c", ""], 2),
    (["info", ""], 2),
    (["plot", ""], 2),
]


@pytest.fixture(scope="module")
def folder(
    tmp_path_factory: pytest.TempPathFactory, trained: Path, random_checkpoint: Callable[..., Checkpoint]
) -> Path:
    """One of everything that can be wrong."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "song.txt").write_text(SONG, "utf-8")
    (folder / "empty.txt").touch()
    (folder / "one.txt").write_text("山", "utf-8")
    (folder / "latin.txt").write_bytes("山上".encode() + b"\xff\xfe")
    (folder / "folder").mkdir()
    (folder / "broken.zip").write_bytes(b"PK\x03\x04 and so on")
    with zipfile.ZipFile(folder / "no_text.zip", "w") as archive:
        archive.writestr("inner.zip", b"PK")
    (folder / "broken.gz").write_bytes(gzip.compress(SONG.encode())[:-9])
    shutil.copy(trained / "dataset.safetensors", folder / "data.safetensors")
    shutil.copy(trained / "dataset.safetensors", folder / "taken.safetensors")
    shutil.copytree(trained / "checkpoints", folder / "model")
    (folder / "rubbish.safetensors").write_bytes(b"rubbish")
    whole = (trained / "dataset.safetensors").read_bytes()
    (folder / "newer.safetensors").write_bytes(whole.replace(b'\\"format\\": 5', b'\\"format\\": 9'))
    (folder / "flipped.safetensors").write_bytes(whole[:-3] + bytes([whole[-3] ^ 1]) + whole[-2:])
    counted = ("train", "-", "--cell", "ngram", "-o", "other")
    assert run_here(counted, cwd=folder, env={}, input="别的\n".encode() * 9)[0] == 0
    (folder / "both").mkdir()
    random_checkpoint(bidirectional=True).save(folder / "both" / "best.safetensors")
    os.mkfifo(folder / "pipe")
    deep = '{"text":' + "[" * 200_000
    (folder / "deep.json").write_text(deep)
    for name, words in (("foreign", '{"mine": 1}\n'), ("deep", deep + "\n")):
        (folder / name).mkdir()
        (folder / name / "log.jsonl").write_text(words)
    shutil.copytree(folder / "model", folder / "copied")
    shutil.copy(folder / "model" / "best.safetensors", folder / "copied" / "last.safetensors")
    (folder / "songs.csv").write_text("title,lyric\n山,山上的雨\n", "utf-8")
    (folder / "big5.txt").write_bytes("山上的雨\n我們不分這個\n".encode("big5"))
    stored = storage.read(folder / "model" / "best.safetensors", "checkpoint")
    bias = np.full_like(stored.tensors["output.bias"], np.nan)
    storage.write(folder / "nan.safetensors", "checkpoint", stored.metadata, {**stored.tensors, "output.bias": bias})
    return folder


def snapshot(folder: Path) -> dict[str, float]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


def calls() -> Iterator[Any]:
    """Every call with its exit status and what its line must hold."""
    for line in USAGE.strip().splitlines():
        command, _, given = line.partition(": ")
        for words in given.split("; "):
            yield [command, *words.split()], 2, []
    yield ["sing"], 2, ["sing"]
    yield ["--wings"], 2, ["--wings"]
    yield from ((line.split(), 1, [culprit, cure]) for line, culprit, cure in FAULTS)
    yield from ((arguments, status, ["is a shell variable unset?"]) for arguments, status in UNSET)


def named(value: Any) -> str | None:
    return " ".join(value)[:60] if isinstance(value, list) else None


@pytest.mark.process  # fontconfig may be asked for fonts
@pytest.mark.parametrize(("arguments", "status", "words"), list(calls()), ids=named)
def test_a_bad_call_gets_one_line_and_leaves_nothing(
    arguments: list[str], status: int, words: list[str], folder: Path, cli: Cli
) -> None:
    before = snapshot(folder)
    result = cli(*arguments, cwd=folder)
    errors = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert (result.returncode, result.stdout, len(errors)) == (status, "", 1), result.stderr
    assert result.stderr.splitlines()[-1] == errors[0]
    culprit = words or [part.split("=")[0] for part in arguments if part.startswith("--")][-1:]
    assert all(word in errors[0] for word in culprit), errors[0]
    assert snapshot(folder) == before
