from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from lyricgen.errors import FileError
from lyricgen.model import log


def line(epoch: int) -> str:
    figures = log.record(epoch=epoch, train_perplexity=3.0, valid_perplexity=None, characters=8, seconds=2.0)
    return json.dumps(dataclasses.asdict(figures)) + "\n"


def record(epoch: int) -> log.Record:
    return log.Record(**json.loads(line(epoch)))


def test_lines_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    assert log.read(path) == []
    for epoch in (1, 2):
        log.append(path, record(epoch))
    assert [each.epoch for each in log.read(path)] == [1, 2]
    assert log.read(path)[0].chars_per_second == 4.0
    assert path.read_text() == line(1) + line(2)


@pytest.mark.parametrize("cut", [1, 5, 40, -1])
def test_a_line_that_was_cut_short_goes_and_none_is_glued_to_it(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(line(1) + line(2)[:cut])
    log.truncate(path, 2)
    log.append(path, record(3))
    kept = [1, 2, 3] if cut == -1 else [1, 3]  # without its line end it is whole
    assert [each.epoch for each in log.read(path)] == kept


@pytest.mark.parametrize(
    "foreign",
    ['{"mine": 1}\n', '{"mine": 1}', "words", '{"epoch": 1}\n', line(1) + "[]\n", "[" * 200_000, line(1)[:30] + line(2)]
    + [line(1).replace("3.0", words) for words in ("NaN", "-1", '"x"', "1e999", "9" * 400)],
    ids=range(12),
)
def test_a_file_of_somebody_else_stays_as_it_is(foreign: str, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(foreign)
    for refuse in (lambda: log.truncate(path, 9), lambda: log.read(path)):
        with pytest.raises(FileError, match=r"log\.jsonl: line \d is no line of a training's log"):
            refuse()
    assert path.read_text() == foreign
