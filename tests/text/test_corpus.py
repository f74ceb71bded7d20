from __future__ import annotations

import contextlib
import gzip
import io
import os
import re
import tempfile
import threading
import unicodedata
import warnings
import zipfile
from pathlib import Path
from typing import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.command import Cli

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


def test_two_blank_lines_separate_sources(tmp_path: Path) -> None:
    for name, text in {"a": "甲", "b": "乙\n", "c": "丙\n\n", "d": "丁"}.items():
        (tmp_path / f"{name}.txt").write_text(text, "utf-8")
    assert read(*(tmp_path / f"{name}.txt" for name in "abcd")) == "甲\n\n\n乙\n\n\n丙\n\n\n丁\n"
    assert read(tmp_path) == "甲\n\n\n乙\n\n\n丙\n\n\n丁\n"


def test_zip_takes_its_texts_in_order_and_no_shadows(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "songs.zip", "w") as archive:
        for name in ("b/2.txt", "a/1.TXT", "__MACOSX/a/._1.txt", "cover.jpg"):
            archive.writestr(name, name)
    assert read(tmp_path / "songs.zip") == "a/1.TXT\n\n\nb/2.txt\n"


def test_gzip_and_nested_folders(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "x.txt.gz").write_bytes(gzip.compress("分开".encode()))
    (tmp_path / "inner" / "._x.txt").write_bytes(b"\0\5\x16\7")  # a Mac's shadow of a file
    assert read(tmp_path) == "分开\n"


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("雨\r\n".encode())))
    assert read("-") == "雨\n"


@pytest.mark.parametrize("chunk", [1, 2, 3, 5, 1 << 20])
def test_chunks_cut_neither_characters_nor_line_ends(
    chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "雨\r\n👩‍🎤 e\u0301\r\n" * 3
    (tmp_path / "a.txt").write_bytes(text.encode())
    monkeypatch.setattr(corpus, "CHUNK", chunk)
    assert read(tmp_path / "a.txt") == corpus.normalise(text)


@pytest.mark.parametrize("chunk", [1, 4, 1 << 20])
def test_a_wrong_byte_is_named_with_its_offset(chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_bytes("雨雨".encode() + b"\xff")
    monkeypatch.setattr(corpus, "CHUNK", chunk)
    with pytest.raises(FileError, match=r"a\.txt: byte 6 is not utf-8: save it as UTF-8, or name its encoding"):
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
    for count, expected in ((3, "1\n2"), (8, "1\n2\n\n\n1\n")):
        assert (
            "".join(piece for _, piece in corpus.read_each([str(tmp_path)], corpus.Reader(), max_chars=count))
            == expected
        )


def test_faulty_sources_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").touch()
    (tmp_path / "blank.txt").write_text(" \n\n")
    (tmp_path / "torn.zip").write_bytes(b"PK\x03\x04")
    (tmp_path / "torn.gz").write_bytes(gzip.compress(b"abc" * 99)[:-9])
    (tmp_path / "folder").mkdir()
    for name in ("missing.txt", "empty.txt", "blank.txt", "torn.zip", "torn.gz", "folder"):
        with pytest.raises(FileError, match=re.escape(name)):
            read(tmp_path / name)


def test_a_bomb_is_refused_before_it_fills_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "LARGE", 1 << 20)
    content = b"bomb\n" * (1 << 20)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", content)
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(content))
    for name in ("a.zip", "a.txt.gz"):
        with pytest.raises(FileError, match="unpacks to over 100 times its size"):
            read(tmp_path / name)


def test_a_member_that_lies_about_its_size_is_refused_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "LARGE", 1 << 20)
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"bomb\n" * (1 << 20))
    true = (5 << 20).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(true, (9).to_bytes(4, "little")))
    with pytest.raises(FileError, match=r"a\.zip"):
        read(path)


def test_odd_archives(tmp_path: Path) -> None:
    """Thousands of members, names that climb, archives in archives: nothing is ever unpacked on disk."""
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(3000):
            archive.writestr(f"{number:04}.txt", "山")
        archive.writestr("../../climbing.txt", "水")
        archive.writestr("/absolute.txt", "月")
        archive.writestr("inner.zip", path.name)
    before = sorted(path.parent.rglob("*"))
    text = read(path)
    assert text.count("山") == 3000
    assert "水" in text
    assert "月" in text
    assert sorted(path.parent.rglob("*")) == before
    encrypted = bytearray(path.read_bytes())
    for sign in (b"PK\x03\x04", b"PK\x01\x02"):
        place = encrypted.find(sign) + (6 if sign[2] == 3 else 8)
        encrypted[place] |= 1
    path.write_bytes(encrypted)
    with pytest.raises(FileError, match=r"many\.zip"):
        read(path)


def test_a_member_s_name_that_is_no_utf8_is_a_fault_of_the_file(tmp_path: Path) -> None:
    """A coverage-guided fuzzer's find."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("山.txt", "水")
    path.write_bytes(path.read_bytes().replace("山".encode(), b"\xff\xff\xff"))
    with pytest.raises(FileError, match=r"a\.zip"):
        read(path)


def test_devices_are_refused_and_pipes_are_read(tmp_path: Path) -> None:
    for device in ("/dev/zero", "/dev/null"):
        with pytest.raises(FileError, match="is a device"):
            read(device)
    os.mkfifo(tmp_path / "pipe.txt")
    writer = threading.Thread(target=(tmp_path / "pipe.txt").write_text, args=("山上的雨", "utf-8"))
    writer.start()
    assert read(tmp_path / "pipe.txt") == "山上的雨\n"
    writer.join()


@pytest.mark.parametrize("unit", ["山上的雨", "e\u0301", "한\u1100\u1161", "👩‍🎤", "a"])
def test_one_endless_line_comes_in_pieces_that_change_nothing(
    unit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus, "CHUNK", 97)
    text = unit * 400
    (tmp_path / "long.txt").write_text(text, "utf-8")
    with (tmp_path / "long.txt").open("rb") as file:
        pieces = list(corpus.decode(file, "utf-8", "long.txt"))
    assert "".join(pieces) == unicodedata.normalize("NFC", text)
    if unit in ("山上的雨", "a"):
        assert max(map(len, pieces)) <= 97


@given(st.text(), st.integers(1, 9))
def test_pieces_are_the_text(text: str, chunk: int) -> None:
    encoded = text.encode("utf-8", "replace")
    kept, corpus.CHUNK = corpus.CHUNK, chunk
    try:
        found = "".join(corpus.decode(io.BytesIO(encoded), "utf-8", "x"))
    finally:
        corpus.CHUNK = kept
    assert found == corpus.normalise(encoded.decode())


ENCODINGS = ("utf-8", "gb18030", "utf-16", "utf-7", "big5", "idna", "punycode", "unicode_escape")


@given(st.binary(), st.sampled_from(ENCODINGS))
def test_any_bytes_are_text_or_a_file_error(content: bytes, encoding: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of unicode_escape's unknown escapes
        try:
            text = "".join(corpus.decode(io.BytesIO(content), encoding, "x"))
        except FileError:
            return
    assert not [c for c in text if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t"]


@given(st.binary(), st.sampled_from([".zip", ".gz"]))
def test_any_archive_is_text_or_a_file_error(content: bytes, suffix: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"a{suffix}")
        path.write_bytes((b"PK\x03\x04" if suffix == ".zip" else b"\x1f\x8b\x08") + content)
        with contextlib.suppress(FileError):
            read(path)


def test_two_members_of_one_name_are_both_read(tmp_path: Path) -> None:
    with warnings.catch_warnings(), zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("a.txt", "山\n")
        archive.writestr("a.txt", "水\n")
    assert read(tmp_path / "a.zip") == "山\n\n\n水\n"


def test_the_allowance_is_that_of_the_whole_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "LARGE", 1 << 20)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(8):
            archive.writestr(f"{number}.txt", b"bomb\n" * 200_000)  # a megabyte each, and the allowance is one
    with pytest.raises(FileError, match="unpacks to over 100 times its size"):
        read(tmp_path / "a.zip")


def test_no_text_keeps_what_turns_the_order_of_what_is_shown() -> None:
    assert corpus.normalise("\u202e山\u2066水\u2069\u200fe\u200e\u0301\u061c") == "山水é"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-16-le", "utf-16-be"])
def test_a_byte_order_mark_tells_the_encoding(encoding: str, tmp_path: Path) -> None:
    begin = "" if encoding in ("utf-16", "utf-32") else "\ufeff"
    (tmp_path / "a.txt").write_bytes((begin + "山上的雨\r\n" * 9).encode(encoding))
    assert read(tmp_path / "a.txt") == "山上的雨\n" * 9


@pytest.mark.parametrize(
    ("text", "encoding"), [("我们不分开，雨落在山上", "gb18030"), ("我們不分開，雨落在山上", "big5")]
)
def test_an_encoding_that_the_bytes_fit_is_offered(text: str, encoding: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes((text * 20).encode(encoding))
    with pytest.raises(FileError, match=f"it looks like {encoding}: --encoding {encoding}$"):
        read(tmp_path / "a.txt", encoding="utf-8")
    assert read(tmp_path / "a.txt", encoding=encoding) == text * 20 + "\n"
    assert read(tmp_path / "a.txt") == text * 20 + "\n"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_needs_no_mark(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(("我们不分开，雨落在山上\n" * 20).encode(encoding))
    assert read(tmp_path / "a.txt") == "我们不分开，雨落在山上\n" * 20


def test_files_of_several_encodings_are_read_together(tmp_path: Path) -> None:
    for encoding in ("utf-8", "gb18030", "big5", "utf-16"):
        (tmp_path / f"{encoding}.txt").write_bytes(("我的歌在山上\n" * 9).encode(encoding))
    assert read(tmp_path) == ("我的歌在山上\n" * 9 + "\n\n") * 3 + "我的歌在山上\n" * 9


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("It’s raining “again” – on the hill\n", "cp1252"),
        ("Il était une fois, ça va là-bas\n", "cp1252"),
        ("さくらのはなはきれいですね、ぼくはここにいます\n", "shift_jis"),
        ("나는 너를 사랑하고 이 밤의 노래를 부르네\n", "euc_kr"),
    ],
)
def test_an_encoding_that_is_not_certain_is_only_offered(text: str, encoding: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes((text * 9).encode(encoding))
    with pytest.raises(FileError, match=f"--encoding {encoding}$"):
        read(tmp_path / "a.txt")
    assert read(tmp_path / "a.txt", encoding=encoding) == text * 9


def test_advice_does_not_lead_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xfd\xfc\xff\x80" * 99)
    with pytest.raises(FileError, match=r"save it as UTF-8, or name its encoding with --encoding$"):
        read(tmp_path / "a.txt")


def test_an_empty_name_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("山水", "utf-8")
    with pytest.raises(FileError, match="is a shell variable unset"):
        read("")


@pytest.mark.process
def test_what_cannot_be_looked_into_is_not_passed_over(
    tmp_path: Path, cli: Cli, unprivileged: Callable[[], None] | None
) -> None:
    """A folder within a folder, a file behind one, a model behind one."""
    (tmp_path / "songs" / "closed").mkdir(parents=True)
    (tmp_path / "songs" / "a.txt").write_text("山水" * 9, "utf-8")
    (tmp_path / "songs" / "closed" / "b.txt").write_text("山水" * 9, "utf-8")
    (tmp_path / "songs" / "closed").chmod(0)
    try:
        for call in (
            "prepare songs",
            "prepare songs/closed/b.txt",
            "generate -c songs/closed/m",
            "plot songs/closed/m",
            "train songs/a.txt -o songs/closed/m --cell ngram",
            "info songs/closed/m",
        ):
            result = cli(*call.split(), preexec_fn=unprivileged)
            assert (result.returncode, result.stdout) == (1, ""), call
            assert "closed" in result.stderr, call
            assert "Permission denied" in result.stderr, (call, result.stderr)
            assert result.stderr.count("Error") == 1
    finally:
        (tmp_path / "songs" / "closed").chmod(0o755)


def test_an_entry_and_an_lrc_file_are_one_song_whatever_their_blank_lines(tmp_path: Path) -> None:
    stanza = "\n".join(f"第{number}句唱给你听" for number in range(12))
    (tmp_path / "songs.csv").write_text(f'lyric\n"{stanza}\n\n{stanza}"\n', "utf-8")
    (tmp_path / "song.lrc").write_text(f"{stanza}\n\n{stanza}\n", "utf-8")
    (tmp_path / "song.txt").write_text(f"{stanza}\n\n{stanza}\n", "utf-8")
    counts = {
        name: len(corpus.read_songs([str(tmp_path / name)], corpus.Reader(field="lyric" if ".csv" in name else None)))
        for name in ("songs.csv", "song.lrc", "song.txt")
    }
    assert counts == {"songs.csv": 1, "song.lrc": 1, "song.txt": 2}


def test_radicals_of_dictionaries_become_the_characters_that_are_meant() -> None:
    assert corpus.normalise("\u2f00\u2f08\u2fbc") == "一人高"


@pytest.mark.parametrize("suffix", ["srt", "vtt", "html", "xml", "bz2"])
def test_suffixes_that_are_no_text_are_named(suffix: str, tmp_path: Path) -> None:
    (tmp_path / f"a.{suffix}").write_text("1\n山上", "utf-8")
    with pytest.raises(FileError, match=f"[.]{suffix} files are not text"):
        read(tmp_path / f"a.{suffix}")


def test_utf_16_with_stamps_is_not_read_in_the_wrong_order_of_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.lrc").write_bytes("[00:01.00]山路\n[00:02.00]海边的风\n".encode("utf-16-le"))
    assert read(tmp_path / "a.lrc") == "山路\n海边的风\n"


def test_invisible_characters_between_chinese_ones_go_and_soft_line_breaks_are_line_ends() -> None:
    assert corpus.normalise("山\u200d上\ufe0f的\u2063雨\ufffc\u3164") == "山上的雨"
    assert corpus.normalise("👩\u200d🎤 ❤\ufe0f") == "👩\u200d🎤 ❤\ufe0f"
    assert corpus.normalise("山上\v海边\f夜里") == "山上\n海边\n夜里"


def test_what_is_passed_over_in_an_archive_is_counted(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.json", '[{"lyric": "山上"}]')
    with pytest.raises(FileError, match=r"--field NAME reads its \.json files"):
        read(tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip", "a") as archive:
        archive.writestr("b.txt", "海边")
    reader = corpus.Reader()
    list(corpus.read_each([str(tmp_path / "a.zip")], reader))
    assert reader.notes() == ["read        1 of 2 files; .json: 1"]
