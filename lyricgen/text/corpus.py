"""Sources -> normalised text, piece by piece: files, archives, folders, standard input, the sample."""

from __future__ import annotations

import codecs
import dataclasses
import gzip
import lzma
import os
import re
import stat
import struct
import sys
import tarfile
import unicodedata
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Callable, cast

from lyricgen import files, storage
from lyricgen.config import AUTO, STDIN
from lyricgen.errors import FileError, OptionError, describe
from lyricgen.storage import SUFFIX
from lyricgen.text import cleaning, records, songs
from lyricgen.text.script import ScriptCount, converter
from lyricgen.text.songs import SONG, Song
from lyricgen.text.vocabulary import CONTROL_CHARACTERS, REORDERING_CHARACTERS

STDIN_NAME = "standard input"
SAMPLE = "the sample"
_SAMPLE_FILE = "sample-zh.txt"
_IN_ARCHIVES = (".txt", ".lrc", *records.SUFFIXES)
_TAR = (".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_SUFFIXES = (*_IN_ARCHIVES, ".gz", ".zip", ".tar", ".tgz")
_NOT_TEXT = frozenset(
    """
    .doc .docx .pdf .epub .rtf .odt .xls .xlsx .mp3 .flac .jpg .png .7z .rar .bz2 .xz .zst .srt .vtt .ass .ssa .html
    .htm
    .xhtml .xml .ttml .yaml .yml .db .sqlite .pkl .parquet
    """.split()  # noqa: SIM905
)
_CERTAIN = ("gb18030", "big5", "utf-16-le", "utf-16-be")  # encodings that are taken without asking
_OTHERS = (*_CERTAIN, "utf-8", "shift_jis", "euc_kr", "cp1252")  # encodings to offer
_FREQUENT = frozenset(
    "的一是不了在人有我他这那你她着到说就也要会上下来去里风雨心想爱天花月夜走看这個們來說會這沒後時開為，。！？、"
)
_FREQUENT_SHARE = 0.15
_FREQUENT_IN = {
    "shift_jis": frozenset(map(chr, range(0x3041, 0x30FF))),  # kana
    "euc_kr": frozenset("이다는을가나의에너도를고지하한은그내리로사랑"),
}
_WESTERN = frozenset("‘’“”…–—äöüßéèêëàâáíìîïóòôúùûñçÄÖÜÉÈÀÁÇÑ°«»¡¿")
_RARE = 0.2  # share of the characters of a Western text that are beyond ASCII
CHUNK = 1 << 20  # bytes
_WHOLE = 1 << 25  # characters of a document that are cleaned at once
LARGE, _TIGHTEST = 1 << 28, 100  # bytes; a text repeated over and over packs 1000 to 1, a real one 10 to 1
_MARKS = {codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32"}
_MARKS.update({codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16", codecs.BOM_UTF8: "utf-8"})
_UNCOMPOSED = re.compile("[a-zA-Z\u4e00-\u9fff]")
_LOOK_BACK = 4096
_LINE_ENDS = re.compile("[\r\v\f\u0085\u2028\u2029]")
_INVISIBLE = "\u200b\u200c\u2060-\u2064\u00ad\u034f\u115f\u1160\u180e\u2800\u3164\ufff9-\ufffc\ufffe\uffff"
_INVISIBLE_IN_CHINESE = re.compile("(?<=[\u3400-\u9fff])[\u200d\ufe00-\ufe0f\U000e0000-\U000e01ef]")  # emoji need them
_NOT_SHOWN = re.compile(f"[{CONTROL_CHARACTERS.pattern[1:-1]}{REORDERING_CHARACTERS.pattern[1:-1]}{_INVISIBLE}]")
_RADICALS = re.compile("[\u2f00-\u2fd5]")  # of dictionaries, which look like the characters that are meant
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")


def normalise(text: str) -> str:
    """One form for what looks the same: line ends as line feeds, composed characters (NFC), no control characters.

    Nor any that turn the order of what is shown, nor invisible ones; all spaces are plain ones.
    """
    text = _NOT_SHOWN.sub("", _LINE_ENDS.sub("\n", text.replace("\r\n", "\n")))
    text = _INVISIBLE_IN_CHINESE.sub("", text)
    text = _RADICALS.sub(lambda match: unicodedata.normalize("NFKC", match[0]), _SPACES.sub(" ", text))
    if unicodedata.is_normalized("NFC", text):
        return text
    return "\n".join(
        [unicodedata.normalize("NFC", line) for line in text.split("\n")]
    )  # most lines are quickly checked


def shown(name: str) -> str:
    """The name of a source as text; its bytes that are no UTF-8 are replaced."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def flatten(text: str, newlines: str) -> str:
    """Apply the choice ``--newlines keep|space``."""
    return text.replace("\n", " ") if newlines == "space" else text


@dataclasses.dataclass
class Reader:
    """How sources are read, and what was found while they were."""

    encoding: str = AUTO
    keep_credits: bool = False
    field: str | None = None  # of the objects or rows in a .json, .jsonl or .csv file
    as_it_is: bool = False  # nothing is left out
    script: str | None = None  # that all characters are turned into
    songs_by: str = "auto"  # what separates the songs of a text
    keep_translations: bool = False
    scripts: ScriptCount = dataclasses.field(default_factory=ScriptCount)  # of a text that is not turned
    removed: cleaning.Removed = dataclasses.field(default_factory=cleaning.Removed)
    read: int = 0  # files of folders and archives
    collections: int = 0
    passed: Counter[str] = dataclasses.field(default_factory=Counter)  # files of folders that are no text, by suffix
    warnings: list[str] = dataclasses.field(default_factory=list)

    def notes(self) -> list[str]:
        """What the person who named the sources should know: a line each."""
        notes = []
        if self.passed:
            kinds = ", ".join(f"{suffix or 'no suffix'}: {count:,}" for suffix, count in sorted(self.passed.items()))
            notes.append(f"read        {self.read:,} of {self.read + sum(self.passed.values()):,} files; {kinds}")
        if str(self.removed):
            kept = "" if self.keep_credits or not self.removed.credits else " (--keep-credits keeps credits)"
            notes.append(f"left out    {self.removed}{kept}")
        if self.removed.doubtful:
            shown = "; ".join(line.strip()[:24] for line in self.removed.doubtful[:3])
            notes.append(f"Warning: these lines begin like a time stamp that is not known: {shown}")
        notes += self.warnings
        if str(self.scripts):
            notes.append(f"Warning: {self.scripts}")
        return notes


def read(
    sources: Sequence[str],
    *,
    encoding: str = AUTO,
    newlines: str = "keep",
    may_be_empty: bool = False,
    as_it_is: bool = False,
) -> Iterator[str]:
    """The normalised text of all sources, in pieces of about a megabyte; see ``read_each``."""
    pieces = read_each(sources, Reader(encoding, as_it_is=as_it_is), may_be_empty=may_be_empty)
    return (flatten(piece, newlines) for _, piece in pieces)


def read_each(
    sources: Sequence[str], reader: Reader, *, max_chars: int = 0, may_be_empty: bool = False
) -> Iterator[tuple[int, str]]:
    """The normalised text of all sources in pieces of about a megabyte, each with the number of its source.

    Parameters
    ----------
    sources
        Paths of .txt, .lrc, .json, .jsonl, .csv, .gz and .zip files, of folders of these and of datasets, or ``-`` for
        standard input; none means the sample.
    reader
        How they are read; it counts what is found. Unless it leaves all as it is, each song ends with a line end, and
        two blank lines stand between songs.
    max_chars
        Characters after which the text ends; 0 for all.

    Raises
    ------
    FileError
        A source is missing, unreadable, no text in that encoding; or there is no text in any of them, unless it
        ``may_be_empty``.
    """
    _check_encoding(reader.encoding)
    joined = _joined_documents if reader.as_it_is else _joined_songs
    pieces = _in_script(joined(_documents(sources, reader)), reader)
    empty = True
    for source, piece in _take(pieces, max_chars) if max_chars else pieces:
        empty = empty and not piece.strip()
        yield source, piece
    if empty and not may_be_empty:
        raise FileError(f"{_named(sources)}: contains no text; name a text file with at least one song")


def read_songs(sources: Sequence[str], reader: Reader) -> list[Song]:
    """Return the songs of all sources, cleaned and in the reader's script; errors as of ``read_each``."""
    _check_encoding(reader.encoding)
    read = [
        Song(number, tuple(song.split("\n"))) for number, document in _documents(sources, reader) for song in document
    ]
    if not read:
        raise FileError(f"{_named(sources)}: contains no text; name a text file with at least one song")
    if reader.field is not None and not reader.collections:
        raise OptionError(f"--field: none of the sources is a collection ({', '.join(records.SUFFIXES)})")
    if reader.script is None:
        for text in songs.batches(song.text for song in read):
            reader.scripts.add(text)
        return read
    convert = converter(reader.script)
    return [dataclasses.replace(song, lines=tuple(convert(song.text).split("\n"))) for song in read]


def _named(sources: Sequence[str]) -> str:
    return ", ".join(STDIN_NAME if source == STDIN else source for source in sources) or SAMPLE


def read_lines(file: IO[bytes], *, encoding: str, name: str) -> Iterator[str]:
    """The lines of a stream as they come, without their ends; FileError for bytes that are not in that encoding."""
    _check_encoding(encoding)
    rest, is_first = "", True
    for text in _decode_chunks(file.readline, encoding, name):
        if is_first and text:
            text, is_first = text.lstrip("\ufeff"), False
        *lines, rest = (rest + text).replace("\r\n", "\n").split("\n")
        yield from lines
    if rest:
        yield rest


def _check_encoding(encoding: str) -> None:
    try:
        "".encode("utf-8" if encoding == AUTO else encoding)
    except (LookupError, ValueError):
        raise OptionError(f"--encoding: {encoding!r} is unknown to Python; try utf-8, gb18030 or big5") from None


def _in_script(pieces: Iterable[tuple[int, str]], reader: Reader) -> Iterator[tuple[int, str]]:
    """All in the reader's script; where it has none, the characters of both are counted."""
    convert = converter(reader.script) if reader.script else None
    for source, piece in pieces:
        if convert is None:
            reader.scripts.add(piece)
        yield source, convert(piece) if convert else piece


def _take(pieces: Iterable[tuple[int, str]], count: int) -> Iterator[tuple[int, str]]:
    for source, piece in pieces:
        yield source, piece[:count]
        count -= len(piece)
        if count <= 0:
            return


def _joined_documents(documents: Iterable[tuple[int, Iterator[str]]]) -> Iterator[tuple[int, str]]:
    """All documents as they are, two blank lines between one and the next, which belong to the first of them."""
    ending, before = "", 0
    for source, document in documents:
        if ending:
            yield before, "\n" * (3 - len(ending) + len(ending.rstrip("\n")))
        before = source
        for piece in document:
            ending = (ending + piece)[-3:]
            yield source, piece


def _joined_songs(documents: Iterable[tuple[int, Iterator[str]]]) -> Iterator[tuple[int, str]]:
    """All songs, each with its line end, two blank lines between one and the next, which belong to the second."""
    gap = ""
    for source, document in documents:
        for song in document:
            yield source, f"{gap}{song}\n"
            gap = "\n\n"


def _documents(sources: Sequence[str], reader: Reader) -> Iterator[tuple[int, Iterator[str]]]:
    """All documents with the numbers of their sources: the songs of each, or its pieces if it is left as it is."""
    if not sources:
        with files.shipped(_SAMPLE_FILE).open("rb") as file:
            yield 0, _songs_of(decode(file, "utf-8", SAMPLE), reader)
    for number, source in enumerate(sources):
        if not source:
            raise FileError("'': empty file name; is a shell variable unset?")
        if source == STDIN:
            yield number, _songs_of(decode(sys.stdin.buffer, reader.encoding, STDIN_NAME), reader)
        else:
            yield from ((number, document) for document in _open(Path(source), reader))


def _songs_of(document: Iterable[str], reader: Reader) -> Iterator[str]:
    """The songs of a document without what nobody sings, or its pieces if it is left as it is."""
    if reader.as_it_is:
        yield from document
        return
    for text in _wholes(document):
        yield from cleaning.clean(
            text,
            reader.removed,
            songs_by=reader.songs_by,
            keep_credits=reader.keep_credits,
            keep_translations=reader.keep_translations,
        )


def _wholes(document: Iterable[str]) -> Iterator[str]:
    """A document in one piece, or if it is very large in several that end with a song, a stanza or a line."""
    held: list[str] = []
    size = 0
    for piece in document:
        held.append(piece)
        size += len(piece)
        if size >= _WHOLE and "\n" in piece:
            text = "".join(held)
            cut = next(at + len(mark) for mark in (SONG, songs.STANZA, "\n") if (at := text.rfind(mark)) >= 0)
            yield text[:cut]
            held, size = [text[cut:]], len(text) - cut
    yield "".join(held)


def _as_text(
    file: IO[bytes], name: str, suffix: str, reader: Reader, allowance: _Allowance | None = None
) -> Iterator[str]:
    """The songs of a file of that suffix, which may be a collection; or its pieces if it is left as it is."""
    document = decode(file, reader.encoding, name, allowance)
    if suffix == ".lrc" and reader.songs_by == "auto":
        reader = dataclasses.replace(reader, songs_by="file")
    if suffix not in records.SUFFIXES or reader.as_it_is:
        return _songs_of(document, reader)
    reader.collections += 1
    entries = records.songs("".join(document), suffix, reader.field, name, reader.warnings)
    by_entry = reader if reader.songs_by != "auto" else dataclasses.replace(reader, songs_by="file")
    return (song for entry in entries for song in _songs_of([normalise(entry)], by_entry))


# What the libraries make of bytes that are wrong.
_DAMAGE: tuple[type[Exception], ...] = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
)
_DAMAGE += (RuntimeError, ValueError, ArithmeticError, LookupError)


@contextmanager
def _faults_of(name: str) -> Iterator[None]:
    """Turn what opening and reading a file can raise into one FileError that names it."""
    try:
        yield
    except _DAMAGE as error:
        raise FileError(f"{name}: is damaged, or not an archive that can be read here ({error})") from error
    except OSError as error:
        raise FileError(f"{name}: cannot be read: {describe(error)}") from error


def _open(path: Path, reader: Reader) -> Iterator[Iterator[str]]:
    with _faults_of(str(path)):
        name, suffix, mode = path.name.lower(), path.suffix.lower(), path.stat().st_mode
        if stat.S_ISDIR(mode):
            yield from _open_folder(path, reader)
        elif suffix == ".zip":
            yield from _open_zip(path, reader)
        elif name.endswith(_TAR):
            yield from _open_tar(path, reader)
        elif suffix in _NOT_TEXT:
            raise FileError(f"{path}: {path.suffix} files are not text; save the lyrics as .txt")
        elif suffix == SUFFIX or (suffix not in _SUFFIXES and stat.S_ISREG(mode) and storage.is_stored(path)):
            yield _open_dataset(path, reader)
        else:
            _check_kind(path, mode)
            is_packed = suffix == ".gz"
            with _open_bytes(path, is_packed=is_packed) as file:
                suffix = Path(name[:-3]).suffix if is_packed else suffix
                yield _as_text(file, str(path), suffix, reader, _Allowance(path) if is_packed else None)


def _open_dataset(path: Path, reader: Reader) -> Iterator[str]:
    """All parts of a dataset, one after the other, or their songs."""
    from lyricgen.text.dataset import load
    from lyricgen.text.parts import NAMES

    parts = load(path).parts
    texts = [parts.text(name) for name in NAMES]
    if reader.as_it_is:
        return iter(texts)
    whole = ""
    for text in texts:  # a part that does not end with a line ends within a song, which the next one continues
        whole += SONG + text if whole.endswith("\n") else text
    return (song.strip("\n") for song in whole.split(SONG) if song.strip("\n"))


def _check_kind(path: Path, mode: int) -> None:
    """A device may never end; a terminal and a pipe do."""
    if stat.S_ISBLK(mode) or (stat.S_ISCHR(mode) and not _is_terminal(path)) or stat.S_ISSOCK(mode):
        raise FileError(f"{path}: is a device, not a text; name a file, or pipe the text in and name -")


def _is_terminal(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            return file.isatty()
    except OSError:
        return False


def _open_bytes(path: Path, *, is_packed: bool) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if is_packed else open(path, "rb")


def _open_folder(folder: Path, reader: Reader) -> Iterator[Iterator[str]]:
    paths = (Path(parent, name) for parent, _, names in os.walk(folder, onerror=_raise) for name in names)
    shown = [path for path in paths if not path.name.startswith(".") and files.is_file(path)]
    kinds = _kinds(_SUFFIXES, reader)
    texts = [path for path in shown if path.suffix.lower() in kinds]
    texts.sort(key=lambda path: path.parts)  # Windows compares paths without regard to case
    reader.passed.update(path.suffix.lower() for path in shown if path.suffix.lower() not in kinds)
    if not texts:
        raise FileError(f"{folder}: no {', '.join(_SUFFIXES)} file in this folder")
    for path in texts:
        reader.read += 1
        yield from _open(path, reader)


def _raise(error: OSError) -> None:
    raise FileError(f"{error.filename}: cannot be read: {describe(error)}") from error


def _open_zip(path: Path, reader: Reader) -> Iterator[Iterator[str]]:
    with zipfile.ZipFile(path) as archive:
        kinds = _kinds(_IN_ARCHIVES, reader)
        names = [member.filename for member in archive.infolist() if not member.is_dir()]
        texts = (member for member in archive.infolist() if _is_text(member.filename, kinds))
        members = sorted(texts, key=lambda member: member.filename)  # two may have the same name
        _count_members(path, names, kinds, reader)
        allowance = _Allowance(path)
        for member in members:
            with archive.open(member) as file:
                name, suffix = f"{path}/{member.filename}", Path(member.filename).suffix.lower()
                yield _as_text(file, name, suffix, reader, allowance)


def _open_tar(path: Path, reader: Reader) -> Iterator[Iterator[str]]:
    """The texts of a .tar file, packed or not, in the order of their names; nothing is unpacked on disk."""
    with tarfile.open(path) as archive:
        kinds = _kinds(_IN_ARCHIVES, reader)
        shown = [member for member in archive.getmembers() if member.isfile()]
        members = sorted((member for member in shown if _is_text(member.name, kinds)), key=lambda member: member.name)
        _count_members(path, [member.name for member in shown], kinds, reader)
        allowance = _Allowance(path)
        for member in members:
            file = archive.extractfile(member)
            if file is not None:
                with file:
                    suffix = Path(member.name).suffix.lower()
                    yield _as_text(file, f"{path}/{member.name}", suffix, reader, allowance)


def _count_members(path: Path, names: Sequence[str], kinds: Sequence[str], reader: Reader) -> None:
    """Count what is read of an archive, and what is not; FileError if nothing is."""
    others = Counter(Path(name).suffix.lower() for name in names if not _is_text(name, kinds) and not _is_shadow(name))
    read = sum(_is_text(name, kinds) for name in names)
    if not read:
        collections = [suffix for suffix in records.SUFFIXES if suffix in others]
        advice = f"; --field NAME reads its {collections[0]} files" if collections else ""
        raise FileError(f"{path}: no .txt file in this archive, nor any other that is read{advice}")
    reader.passed.update(others)
    reader.read += read


class _Allowance:
    """How many bytes a packed file may unpack to, all that it holds together."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._left = max(LARGE, path.stat().st_size * _TIGHTEST)

    def take(self, count: int) -> None:
        """FileError if there are not so many left."""
        self._left -= count
        if self._left < 0:
            raise FileError(
                f"{self._path}: unpacks to over {_TIGHTEST} times its size, which no text does; unpack it yourself"
            )


def _kinds(suffixes: tuple[str, ...], reader: Reader) -> list[str]:
    """Those of the suffixes that are read in folders and archives: of collections only where their field is known."""
    return [suffix for suffix in suffixes if reader.field is not None or suffix not in records.SUFFIXES]


def _is_text(member: str, kinds: Sequence[str]) -> bool:
    """Whether an archive's member is a text of the user's, and not a Mac's shadow of one."""
    return Path(member).suffix.lower() in kinds and not _is_shadow(member)


def _is_shadow(member: str) -> bool:
    parts = member.split("/")
    return "__MACOSX" in parts or parts[-1].startswith(("._", "."))


def decode(file: IO[bytes], encoding: str, name: str, allowance: _Allowance | None = None) -> Iterator[str]:
    """Normalised text of a file, cut where a line ends, or within one that is very long where no character is torn.

    FileError names the first byte that is no text.
    """
    held: list[str] = []
    for text in _decode_chunks(lambda: file.read(CHUNK), encoding, name, allowance):
        cut = _last_cut(text)
        if cut:
            yield normalise("".join(held) + text[:cut])
            held.clear()
        held.append(text[cut:])
    yield normalise("".join(held))


def _last_cut(text: str) -> int:
    """The last place where a text can be cut without changing what normalising makes of it; 0 if there is none.

    After a line feed, or else before an ideograph or an ASCII letter: nothing composes with those backwards.
    """
    place = text.rfind("\n") + 1
    if not place:
        match = _UNCOMPOSED.search(text[::-1][:_LOOK_BACK])
        place = len(text) - match.end() if match else 0
    return place


def _decode_chunks(
    read: Callable[[], bytes], encoding: str, name: str, allowance: _Allowance | None = None
) -> Iterator[str]:
    decoder, position, chunk, beginning = None, 0, b" ", b""
    while chunk:
        with _faults_of(name):
            chunk = read()
        if allowance:
            allowance.take(len(chunk))
        if decoder is None:
            beginning = chunk
            encoding = _marked(beginning, encoding) if encoding != AUTO else _decided(beginning)
            decoder = codecs.getincrementaldecoder(encoding)()
        pending = decoder.getstate()[0]
        try:
            yield decoder.decode(chunk, final=not chunk)
        except UnicodeError as error:
            where = position - len(pending) + getattr(error, "start", 0)
            raise FileError(
                f"{name}: byte {where} is not {encoding}: "
                + _advice(encoding, chunk if beginning.isascii() else beginning)
            ) from error
        position += len(chunk)


def _marked(beginning: bytes, encoding: str) -> str:
    """The encoding that the first bytes of a text tell, where UTF-8 is expected; else the one that is expected."""
    if codecs.lookup(encoding).name != "utf-8":
        return encoding
    return next((marked for mark, marked in _MARKS.items() if beginning.startswith(mark)), encoding)


def _decided(beginning: bytes) -> str:
    """The encoding of a text by its first bytes: UTF-8 where they fit it, else the one that they look like, if any."""
    marked = _marked(beginning, "utf-8") if beginning.startswith(tuple(_MARKS)) else "utf-8"
    if marked != "utf-8" or _decoded(beginning, "utf-8") is not None:
        return marked
    return _likely(beginning, _CERTAIN) or "utf-8"


def _advice(encoding: str, beginning: bytes) -> str:
    """What encoding to try instead."""
    likely = _likely(beginning, [other for other in _OTHERS if codecs.lookup(other) != codecs.lookup(encoding)])
    if likely:
        return f"it looks like {likely}: --encoding {likely}"
    return "save it as UTF-8, or name its encoding with --encoding"


def _likely(beginning: bytes, encodings: Iterable[str]) -> str | None:
    """The encoding in which most characters beyond ASCII are frequent ones; None if they are in none of them."""
    shares = {encoding: _share_of_frequent(beginning, encoding) for encoding in encodings}
    likely = max(shares, key=lambda encoding: shares[encoding])
    return likely if shares[likely] > _FREQUENT_SHARE else None


def _decoded(beginning: bytes, encoding: str) -> str | None:
    """The text that bytes are, of which the last ones may be cut off; None if they are not in that encoding."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(beginning)
    except UnicodeError:
        return None


def _share_of_frequent(beginning: bytes, encoding: str) -> float:
    """The share of characters that are frequent in the encoding's language among those beyond ASCII."""
    text = _decoded(beginning, encoding)
    beyond = [character for character in text or "" if not character.isascii()]
    if not text or not beyond or "\0" in text:
        return 0.0
    if encoding == "cp1252":  # marks and accented letters between many plain letters
        return float(len(beyond) < _RARE * len(text) and all(character in _WESTERN for character in beyond))
    frequent = _FREQUENT_IN.get(encoding, _FREQUENT)
    return sum(character in frequent for character in beyond) / len(beyond)
