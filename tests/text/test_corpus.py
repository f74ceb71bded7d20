from __future__ import annotations

import gzip
import io
import re
import unicodedata
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lyricgen.errors import FileError, OptionError
from lyricgen.text import corpus


def read(*sources: Path | str, **options: object) -> str:
    return "".join(corpus.read([str(source) for source in sources], **options))  # type: ignore[arg-type]


@given(st.text())
def test_normalise_is_idempotent_and_leaves_no_control_character(text: str) -> None:
    normal = corpus.normalise(text)
    assert corpus.normalise(normal) == normal
    assert not [c for c in normal if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t"]


def test_normalise_line_ends_bom_and_combining_marks() -> None:
    assert corpus.normalise("\ufeffa\r\nb\rc\u2028d\x85e\x00\x1b[31m") == "a\nb\nc\nd\ne[31m"
    assert corpus.normalise("e\u0301") == "é"
    assert corpus.normalise("，！ ｱ👩‍🎤") == "，！ ｱ👩‍🎤"


def test_text_keeps_its_lines_or_turns_them_into_spaces(tmp_path: Path) -> None:
    path = tmp_path / "歌 词.txt"
    path.write_bytes("\ufeff春\r\n夏\r\n".encode())
    assert read(path) == "春\n夏\n"
    assert read(path, newlines="space") == "春 夏 "


def test_several_sources_are_parted_by_one_blank_line(tmp_path: Path) -> None:
    for name, text in {"a": "甲", "b": "乙\n", "c": "丙\n\n", "d": "丁"}.items():
        (tmp_path / f"{name}.txt").write_text(text, "utf-8")
    assert read(*(tmp_path / f"{name}.txt" for name in "abcd")) == "甲\n\n乙\n\n丙\n\n丁"
    assert read(tmp_path) == "甲\n\n乙\n\n丙\n\n丁"


def test_zip_takes_its_texts_in_order_and_no_shadows(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "songs.zip", "w") as archive:
        for name in ("b/2.txt", "a/1.TXT", "__MACOSX/a/._1.txt", "cover.jpg"):
            archive.writestr(name, name)
    assert read(tmp_path / "songs.zip") == "a/1.TXT\n\nb/2.txt"


def test_gzip_and_nested_folders(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "x.txt.gz").write_bytes(gzip.compress("分开".encode()))
    assert read(tmp_path) == "分开"


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("雨\r\n".encode())))
    assert read("-") == "雨\n"


@pytest.mark.parametrize("chunk", [1, 2, 3, 5, 1 << 20])
def test_chunks_cut_neither_characters_nor_line_ends(
    chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "雨\r\n👩‍🎤 e\u0301\r\n" * 3
    (tmp_path / "a.txt").write_bytes(text.encode())
    monkeypatch.setattr(corpus, "_CHUNK", chunk)
    assert read(tmp_path / "a.txt") == corpus.normalise(text)


@pytest.mark.parametrize("chunk", [1, 4, 1 << 20])
def test_a_wrong_byte_is_named_with_its_offset(chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_bytes("雨雨".encode() + b"\xff")
    monkeypatch.setattr(corpus, "_CHUNK", chunk)
    with pytest.raises(FileError, match=r"a\.txt: byte 6 is not utf-8: .*--encoding gb18030"):
        read(tmp_path / "a.txt")
    assert read(tmp_path / "a.txt", encoding="latin-1")


def test_other_encodings(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("不分开\n".encode("gb18030"))
    assert read(tmp_path / "a.txt", encoding="gb18030") == "不分开\n"
    with pytest.raises(OptionError, match="klingon"):
        read(tmp_path / "a.txt", encoding="klingon")


def test_max_chars_counts_normalised_characters_over_all_sources(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.txt").write_bytes(b"1\r\n2\r\n")
    assert read(tmp_path, max_chars=3) == "1\n2"
    assert read(tmp_path, max_chars=7) == "1\n2\n\n1\n"


def test_faulty_sources_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").touch()
    (tmp_path / "blank.txt").write_text(" \n\n")
    (tmp_path / "torn.zip").write_bytes(b"PK\x03\x04")
    (tmp_path / "torn.gz").write_bytes(gzip.compress(b"abc" * 99)[:-9])
    (tmp_path / "folder").mkdir()
    for name in ("missing.txt", "empty.txt", "blank.txt", "torn.zip", "torn.gz", "folder"):
        with pytest.raises(FileError, match=re.escape(name)):
            read(tmp_path / name)


def test_the_embedded_corpus_is_songs() -> None:
    text = read()
    songs = [song.split("\n") for song in text.strip().split("\n\n")]
    titles = [song[0] for song in songs]
    assert len(text) >= 30_000
    assert len(songs) >= 150
    assert len(set(titles)) == len(titles)
    assert "分开" in text.replace("不分开", "")
    assert "不分开" in text
    assert all(len(song) >= 12 for song in songs)
    assert all(max(Counter(song[1:]).values()) >= 2 for song in songs), "a refrain returns in every song"
    assert max(Counter(line for song in songs for line in set(song)).values()) == 1, "no song borrows from another"


def test_the_embedded_corpus_is_found_in_a_checkout_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(corpus.resources, "files", missing)
    if not Path(corpus.__file__).parents[2].joinpath("data").is_dir():
        pytest.skip("lyricgen is installed apart from its checkout")
    assert "分开" in read()
