from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from lyricgen.errors import FileError, OptionError
from lyricgen.text import corpus, records
from lyricgen.text.corpus import Reader

POEMS = [
    {"title": "一", "paragraphs": ["山上的雨，", "雨落在山上。"]},
    {"title": "二", "paragraphs": ["分开", "", "以后"]},
    {"title": "三"},
]
SONGS = [{"name": "一", "lyric": "山上\n\n的雨\n", "id": 3}, {"name": "二", "lyric": "[00:01.00]分开\n作词：某人\n"}]


def read(path: Path, field: str | None = None) -> str:
    return "".join(piece for _, piece in corpus.read_each([str(path)], Reader(field=field)))


def test_a_field_of_each_entry_is_a_song(tmp_path: Path) -> None:
    wanted = "山上的雨，\n雨落在山上。\n\n\n分开\n\n以后\n"
    (tmp_path / "a.json").write_text(json.dumps(POEMS), "utf-8")
    (tmp_path / "b.jsonl").write_text("\n".join(map(json.dumps, POEMS)) + "\n", "utf-8")
    (tmp_path / "c.json").write_text(json.dumps({"count": 3, "poems": POEMS}), "utf-8")
    (tmp_path / "d.csv").write_text(
        'title,paragraphs\n一,"山上的雨，\n雨落在山上。"\n二,"分开\n\n以后"\n三,\n', "utf-8-sig"
    )
    for name in ("a.json", "b.jsonl", "c.json", "d.csv"):
        assert read(tmp_path / name, "paragraphs") == wanted, name
    (tmp_path / "e.json").write_text(json.dumps(SONGS), "utf-8")
    assert read(tmp_path / "e.json", "lyric") == "山上\n\n的雨\n\n\n分开\n"
    (tmp_path / "f.json").write_text(json.dumps(SONGS[0]), "utf-8")
    assert read(tmp_path / "f.json", "lyric") == "山上\n\n的雨\n"


@pytest.mark.parametrize(
    ("name", "content", "field", "words"),
    [
        (
            "a.json",
            json.dumps(SONGS),
            None,
            "which field is the song? lyricgen prepare --field NAME reads it, of: name, lyric",
        ),
        ("a.json", json.dumps(SONGS), "text", "no entry has text in its field 'text' (--field); it has name, lyric"),
        ("a.json", "[{", "lyric", "is not a .json file"),
        ("a.jsonl", '{"lyric": "x"}\nnothing\n', "lyric", "is not a .jsonl file"),
        ("a.json", "[1, 2]", "lyric", "it has none"),
        ("a.csv", "", "lyric", "it has none"),
        ("a.json", "[" * 100_000, "lyric", "is nested too deeply"),
    ],
)
def test_files_that_hold_no_songs(name: str, content: str, field: str | None, words: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    with pytest.raises(FileError) as caught:
        read(tmp_path / name, field)
    assert words in str(caught.value)
    assert str(tmp_path / name) in str(caught.value)


def test_a_folder_tells_what_it_passed_over(tmp_path: Path) -> None:
    for name in ("a.txt", "b.lrc", "c.docx", "d.docx", "README", ".hidden"):
        (tmp_path / name).write_text("[00:01.00]山\n", "utf-8")
    reader = Reader()
    assert "".join(piece for _, piece in corpus.read_each([str(tmp_path)], reader)) == "山\n\n\n山\n"
    assert reader.notes() == ["read        2 of 5 files; no suffix: 1, .docx: 2", "left out    time stamps of 2 lines"]


def test_what_json_spells_out_is_normalised(tmp_path: Path) -> None:
    words = "\\u0007山\\ud83d上e\\u0301\\r\\n的雨"
    (tmp_path / "a.jsonl").write_text(f'{{"lyric": "{words}", "artists": [{{"name": "x"}}]}}\n', "utf-8")
    assert read(tmp_path / "a.jsonl", "lyric") == "山上\u00e9\n的雨\n"
    (tmp_path / "a.json").write_text(f'{{"lyric": "{words}", "artists": [{{"name": "x"}}]}}', "utf-8")
    assert read(tmp_path / "a.json", "lyric") == "山上\u00e9\n的雨\n"


def test_collections_in_folders_are_passed_over_where_no_field_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"lyric": "山"}]', "utf-8")
    (tmp_path / "b.txt").write_text("水\n", "utf-8")
    assert read(tmp_path, None) == "水\n"
    assert read(tmp_path, "lyric") == "山\n\n\n水\n"


@pytest.mark.parametrize(
    ("name", "content", "field"),
    [
        ("a.tsv", "name\tlyric\n一\t山上\n二\t水\n", "lyric"),
        ("a.json", '{"lyric": "山上"}\n{"lyric": "水"}\n', "lyric"),
        ("a.json", '[{"lrc": {"lyric": "山上"}}, {"lrc": {"lyric": "水"}}]', "lrc.lyric"),
        ("a.json", '{"甲": [{"lyric": "山上"}], "乙": [{"lyric": "水"}]}', "lyric"),
        ("a.json", '{"1": {"lyric": "山上"}, "2": {"lyric": "水"}}', "lyric"),
        ("a.json", '{"count": 2, "songs": [{"lyric": "山上"}, {"lyric": "水"}]}', "lyric"),
        ("a.json", '[[{"lyric": "山上"}], [{"lyric": "水"}]]', "lyric"),
        ("a.json", '["山上\\n", "水\\n雨"]', None),
        ("a.json", '{"甲": ["山上\\n的雨"], "乙": ["水\\n"]}', None),
        ("a.json", '[{"lyric": "山上"}, {"lyrics": "水"}]', "lyric,lyrics"),
        ("a.json", '[{"lyric": "[\'山上\', \'的雨\']"}, {"lyric": "水"}]', "lyric"),
        ("a.csv", 'lyric\n"' + "山上\n" * 50_000 + '"\n水\n', "lyric"),
    ],
)
def test_collections_of_every_shape(name: str, content: str, field: str | None, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    songs = [song.lines for song in corpus.read_songs([str(tmp_path / name)], Reader(field=field))]
    assert [song[0] for song in songs] == ["山上", "水"]


def test_a_list_of_lines_is_one_song(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('["山上", "的雨", "", "水"]', "utf-8")
    (song,) = corpus.read_songs([str(tmp_path / "a.json")], Reader())
    assert song.lines == ("山上", "的雨", "", "水")


def test_rows_with_other_cells_than_the_header_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name,lyric\n一,山上\n二,水,雨\n三,月\n四\n", "utf-8")
    reader = Reader(field="lyric")
    assert len(corpus.read_songs([str(tmp_path / "a.csv")], reader)) == 3
    (warning,) = [note for note in reader.notes() if "rows" in note]
    assert "2 of 4 rows have not the 2 cells of the header (rows 2, 4)" in warning


def test_the_line_of_a_broken_file_is_named(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.json"):
        (tmp_path / name).write_text('{"lyric": "山"}\n\n{"lyric": \n', "utf-8")
        with pytest.raises(FileError, match="line 3"):
            read(tmp_path / name, "lyric")


def test_a_field_needs_a_collection(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("山水", "utf-8")
    with pytest.raises(OptionError, match="--field: none of the sources is a collection"):
        corpus.read_songs([str(tmp_path / "a.txt")], Reader(field="lyric"))


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tgz"])
def test_tar_files_are_archives(suffix: str, tmp_path: Path) -> None:
    for name, words in (("b.txt", "水"), ("a.lrc", "[00:01.00]山上"), ("c.bin", "x")):
        (tmp_path / name).write_text(words, "utf-8")
    with tarfile.open(tmp_path / f"songs{suffix}", "w" if suffix == ".tar" else "w:gz") as archive:
        for name in ("b.txt", "c.bin", "a.lrc"):
            archive.add(tmp_path / name, f"songs/{name}")
    assert [song.lines for song in corpus.read_songs([str(tmp_path / f"songs{suffix}")], Reader())] == [
        ("山上",),
        ("水",),
    ]
    (tmp_path / f"torn{suffix}").write_bytes(b"\x1f\x8b not a tar")
    with pytest.raises(FileError, match="torn"):
        read(tmp_path / f"torn{suffix}")


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_bytes(b"PK\x03\x04")
    with pytest.raises(FileError, match=r"a\.docx: \.docx files are not text"):
        read(tmp_path / "a.docx")


TWO = "山上有风\n的雨\n\n\n海边\n有灯\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("semicolons.csv", 'id;lyric\n1;"山上有风\n的雨"\n2;"海边\n有灯"\n'),
        ("tabs.csv", 'id\tlyric\n1\t"山上有风\n的雨"\n2\t"海边\n有灯"\n'),
        ("spreadsheet.csv", 'sep=;\nid;lyric\n1;"山上有风\n的雨"\n2;"海边\n有灯"\n'),
        ("spaces.csv", 'id, lyric\n1, "山上有风\n的雨"\n2, "海边\n有灯"\n'),
        (
            "deep.json",
            '{"code": 1, "data": {"songs": [{"lyric": "山上有风\\n的雨"}, {"lyric": "海边\\n有灯"}], "total": 2}}',
        ),
        ("stanzas.json", '[{"lyric": [["山上有风", "的雨"]]}, {"lyric": ["海边", "有灯"]}]'),
        ("a.ndjson", '{"lyric": "山上有风\\n的雨"}\n{"lyric": "海边\\n有灯"}\n'),
        ("row.json", '{"lyric":\n "山上有风\\n的雨"}\n{"lyric":\n "海边\\n有灯"}\n'),
        ("list.jsonl", '[{"lyric": "山上有风\\n的雨"},\n {"lyric": "海边\\n有灯"}]'),
        ("separators.jsonl", '{"lyric": "山上有风\u2028的雨"}\n{"lyric": "海边\u2028有灯"}\n'),
        ("quotes.csv", "lyric\n\"['山上有风', '的雨']\"\n\"['海边', '有灯']\"\n"),
    ],
)
def test_more_shapes_of_collections(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    assert read(tmp_path / name, "lyric") == TWO


@pytest.mark.parametrize(
    "value",
    [{"风": "山上有风\n的雨", "灯": "海边\n有灯"}, {"某人": {"风": "山上有风\n的雨"}, "别人": {"灯": "海边\n有灯"}}],
)
def test_songs_behind_their_titles_need_no_field(value: object, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(value), "utf-8")
    assert read(tmp_path / "a.json") == TWO


def test_an_entry_and_its_translation_are_not_two_songs(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"lrc": {"lyric": "a\\nb"}, "tlyric": {"lyric": "c\\nd"}, "code": 1}', "utf-8")
    with pytest.raises(FileError, match=r"lrc\.lyric, tlyric\.lyric"):
        read(tmp_path / "a.json")


def test_quotes_that_swallow_a_row_are_reported(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('id,lyric\n1,"山上"\n2,"海边\n3,"有灯"\n4,"有风"\n', "utf-8")
    reader = Reader(field="lyric")
    list(corpus.read_each([str(tmp_path / "a.csv")], reader))
    assert "line 4: ',' expected after '\"': is a quote missing, or not doubled?" in reader.warnings[0]


def test_quotes_mean_nothing_in_a_tsv_where_they_do_not_fit(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text('id\tlyric\n1\t"风" 来了\n2\t"走吧\n3\t山上\n', "utf-8")
    assert read(tmp_path / "a.tsv", "lyric") == '"风" 来了\n\n\n"走吧\n\n\n山上\n'


def test_a_list_with_quotes_that_are_not_marked_is_read() -> None:
    assert records.listed("['it's late', 'so late']") == ["it's late", "so late"]
