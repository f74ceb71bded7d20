"""Sources -> normalised text, piece by piece: files, archives, folders, standard input, the embedded corpus."""

from __future__ import annotations

import codecs
import gzip
import lzma
import os
import re
import stat
import struct
import sys
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Callable, cast

from lyricgen import files
from lyricgen.errors import FileError, OptionError, describe
from lyricgen.storage import SUFFIX
from lyricgen.text.vocabulary import CONTROL_CHARACTERS, REORDERING_CHARACTERS

STDIN, STDIN_NAME = "-", "standard input"
EMBEDDED = "the embedded corpus"
_EMBEDDED_FILE = "lyrics-zh.txt"
_SUFFIXES = (".txt", ".gz", ".zip")
_CHUNK = 1 << 20
_LARGE, _TIGHTEST = 1 << 28, 100  # bytes; a text repeated over and over packs 1000 to 1, a real one 10 to 1
_MARKS = {codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32"}
_MARKS.update({codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16", codecs.BOM_UTF8: "utf-8"})
_UNCOMPOSED = re.compile("[a-zA-Z\u4e00-\u9fff]")
_LOOK_BACK = 4096
_LINE_ENDS = re.compile("\r\n?|[\u0085\u2028\u2029]")


def normalise(text: str) -> str:
    """One form for what looks the same: line ends as line feeds, composed characters (NFC), no control characters.

    Nor any that turn the order of what is shown.
    """
    text = CONTROL_CHARACTERS.sub("", _LINE_ENDS.sub("\n", text))
    return unicodedata.normalize("NFC", REORDERING_CHARACTERS.sub("", text))


def shown(name: str) -> str:
    """The name of a source as text; its bytes that are no UTF-8 are replaced."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def flatten(text: str, newlines: str) -> str:
    """Apply the choice ``--newlines keep|space``."""
    return text.replace("\n", " ") if newlines == "space" else text


def read(
    sources: Sequence[str], *, encoding: str = "utf-8", newlines: str = "keep", may_be_empty: bool = False
) -> Iterator[str]:
    """The normalised text of all sources, in pieces of about a megabyte; see ``read_each``."""
    pieces = read_each(sources, encoding=encoding, may_be_empty=may_be_empty)
    return (flatten(piece, newlines) for _, piece in pieces)


def read_each(
    sources: Sequence[str], *, encoding: str = "utf-8", max_chars: int = 0, may_be_empty: bool = False
) -> Iterator[tuple[int, str]]:
    """The normalised text of all sources in pieces of about a megabyte, each with the number of its source.

    Parameters
    ----------
    sources
        Paths of .txt, .gz and .zip files, of folders of these and of datasets, or ``-`` for standard input; none means
        the embedded corpus. Texts of different files are parted by a blank line, as songs are.
    max_chars
        Characters after which the text ends; 0 for all.

    Raises
    ------
    FileError
        A source is missing, unreadable, no text in that encoding; or there is no text in any of them, unless it
        ``may_be_empty``.
    """
    _check_encoding(encoding)
    pieces = _join(_documents(sources, encoding))
    empty = True
    for source, piece in _take(pieces, max_chars) if max_chars else pieces:
        empty = empty and not piece.strip()
        yield source, piece
    if empty and not may_be_empty:
        raise FileError(f"{', '.join(sources) or EMBEDDED}: contains no text; name a text file with at least one song")


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
        "".encode(encoding)
    except (LookupError, ValueError):
        raise OptionError(f"--encoding: {encoding!r} is unknown to Python; try utf-8, gb18030 or big5") from None


def _take(pieces: Iterable[tuple[int, str]], count: int) -> Iterator[tuple[int, str]]:
    for source, piece in pieces:
        yield source, piece[:count]
        count -= len(piece)
        if count <= 0:
            return


def _join(documents: Iterable[tuple[int, Iterator[str]]]) -> Iterator[tuple[int, str]]:
    """All documents, a blank line between one and the next; the blank line belongs to the first of them."""
    ending, before = "", 0
    for source, document in documents:
        if ending:
            yield before, "\n" * (2 - (ending[-2:].count("\n") if ending.endswith("\n") else 0))
        before = source
        for piece in document:
            ending = (ending + piece)[-2:]
            yield source, piece


def _documents(sources: Sequence[str], encoding: str) -> Iterator[tuple[int, Iterator[str]]]:
    if not sources:
        with files.shipped(_EMBEDDED_FILE).open("rb") as file:
            yield 0, _decode(file, "utf-8", EMBEDDED)
    for number, source in enumerate(sources):
        if not source:
            raise FileError("'': is no name of a file; is a variable of the shell unset?")
        if source == STDIN:
            yield number, _decode(sys.stdin.buffer, encoding, STDIN_NAME)
        else:
            yield from ((number, document) for document in _open(Path(source), encoding))


# What the libraries make of bytes that are wrong.
_DAMAGE: tuple[type[Exception], ...] = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError)
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


def _open(path: Path, encoding: str) -> Iterator[Iterator[str]]:
    with _faults_of(str(path)):
        if path.is_dir():
            yield from _open_folder(path, encoding)
        elif path.suffix.lower() == ".zip":
            yield from _open_zip(path, encoding)
        elif path.suffix == SUFFIX:
            yield _open_dataset(path)
        else:
            _check_kind(path)
            with _open_bytes(path) as file:
                is_packed = path.suffix.lower() == ".gz"
                yield _decode(file, encoding, str(path), _Allowance(path) if is_packed else None)


def _open_dataset(path: Path) -> Iterator[str]:
    """All parts of a dataset, one after the other."""
    from lyricgen.text.dataset import load
    from lyricgen.text.parts import NAMES

    parts = load(path).parts
    return (parts.text(name) for name in NAMES)


def _check_kind(path: Path) -> None:
    """A device may never end; a terminal and a pipe do."""
    mode = path.stat().st_mode
    if stat.S_ISBLK(mode) or (stat.S_ISCHR(mode) and not _is_terminal(path)) or stat.S_ISSOCK(mode):
        raise FileError(f"{path}: is a device, not a text; name a file, or pipe the text in and name -")


def _is_terminal(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            return file.isatty()
    except OSError:
        return False


def _open_bytes(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if path.suffix.lower() == ".gz" else open(path, "rb")


def _open_folder(folder: Path, encoding: str) -> Iterator[Iterator[str]]:
    found = (Path(parent, name) for parent, _, names in os.walk(folder, onerror=_raise) for name in names)
    shown = (path for path in found if path.suffix.lower() in _SUFFIXES and not path.name.startswith("._"))
    texts = [path for path in shown if files.is_file(path)]
    texts.sort(key=lambda path: path.parts)  # Windows compares paths without regard to case
    if not texts:
        raise FileError(f"{folder}: no {', '.join(_SUFFIXES)} file in this folder")
    for path in texts:
        yield from _open(path, encoding)


def _raise(error: OSError) -> None:
    raise FileError(f"{error.filename}: cannot be read: {describe(error)}") from error


def _open_zip(path: Path, encoding: str) -> Iterator[Iterator[str]]:
    with zipfile.ZipFile(path) as archive:
        texts = (each for each in archive.infolist() if _is_text(each.filename))
        members = sorted(texts, key=lambda member: member.filename)  # two may have the same name
        if not members:
            raise FileError(f"{path}: no .txt file in this archive")
        allowance = _Allowance(path)
        for member in members:
            with archive.open(member) as file:
                yield _decode(file, encoding, f"{path}/{member.filename}", allowance)


class _Allowance:
    """How many bytes a packed file may unpack to, all that it holds together."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._left = max(_LARGE, path.stat().st_size * _TIGHTEST)

    def take(self, count: int) -> None:
        """FileError if there are not so many left."""
        self._left -= count
        if self._left < 0:
            raise FileError(
                f"{self._path}: unpacks to over {_TIGHTEST} times its size, which no text does; unpack it yourself"
            )


def _is_text(member: str) -> bool:
    """Whether an archive's member is a text of the user's, and not a Mac's shadow of one."""
    parts = member.split("/")
    return member.lower().endswith(".txt") and "__MACOSX" not in parts and not parts[-1].startswith("._")


def _decode(file: IO[bytes], encoding: str, name: str, allowance: _Allowance | None = None) -> Iterator[str]:
    """Normalised text of a file, cut where a line ends, or within one that is very long where no character is torn.

    FileError names the first byte that is no text.
    """
    held: list[str] = []
    for text in _decode_chunks(lambda: file.read(_CHUNK), encoding, name, allowance):
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
        found = _UNCOMPOSED.search(text[::-1][:_LOOK_BACK])
        place = len(text) - found.end() if found else 0
    return place


def _decode_chunks(
    read: Callable[[], bytes], encoding: str, name: str, allowance: _Allowance | None = None
) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    position, chunk, beginning = 0, b" ", b""
    while chunk:
        with _faults_of(name):
            chunk = read()
        if allowance:
            allowance.take(len(chunk))
        beginning = beginning or chunk[:4]
        pending = decoder.getstate()[0]
        try:
            yield decoder.decode(chunk, final=not chunk)
        except UnicodeError as error:
            where = position - len(pending) + getattr(error, "start", 0)
            raise FileError(f"{name}: byte {where} is not {encoding}: {_advice(encoding, beginning)}") from error
        position += len(chunk)


def _advice(encoding: str, beginning: bytes) -> str:
    """What encoding to try instead; a text may say by its first bytes which one it has."""
    marked = next((name for mark, name in _MARKS.items() if beginning.startswith(mark)), "")
    if marked and codecs.lookup(marked) != codecs.lookup(encoding):
        return f"it begins as {marked} does: --encoding {marked}"
    other = "gb18030" if codecs.lookup(encoding).name == "utf-8" else "utf-8"
    return f"name the text's encoding, for instance --encoding {other}"
