"""Sources -> normalised text, piece by piece: files, archives, folders, standard input, the embedded corpus."""

from __future__ import annotations

import codecs
import gzip
import re
import stat
import struct
import sys
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import IO, Callable, cast

from lyricgen.errors import FileError, OptionError, describe
from lyricgen.storage import SUFFIX
from lyricgen.text.vocabulary import CONTROL_CHARACTERS

STDIN, STDIN_NAME = "-", "standard input"
EMBEDDED = "the embedded corpus"
_EMBEDDED_FILE = "lyrics-zh.txt"
_SUFFIXES = (".txt", ".gz", ".zip")
_CHUNK = 1 << 20
_LARGE, _TIGHTEST = 1 << 28, 500  # bytes; a text repeated over and over packs 1000 to 1, a real one 10 to 1
_UNCOMPOSED = re.compile("[a-zA-Z\u4e00-\u9fff]")
_LOOK_BACK = 4096
_LINE_ENDS = re.compile("\r\n?|[\u0085\u2028\u2029]")


def normalise(text: str) -> str:
    """One form for what looks the same: line ends as line feeds, composed characters (NFC), no control characters."""
    text = CONTROL_CHARACTERS.sub("", _LINE_ENDS.sub("\n", text))
    return unicodedata.normalize("NFC", text)


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
        with _embedded() as file:
            yield 0, _decode(file, "utf-8", EMBEDDED)
    for number, source in enumerate(sources):
        if source == STDIN:
            yield number, _decode(sys.stdin.buffer, encoding, STDIN_NAME)
        else:
            yield from ((number, document) for document in _open(Path(source), encoding))


@contextmanager
def _embedded() -> Iterator[IO[bytes]]:
    try:
        file = resources.files("lyricgen.data").joinpath(_EMBEDDED_FILE).open("rb")
    except ModuleNotFoundError:  # run from a checkout that was not installed
        file = Path(__file__).parents[2].joinpath("data", _EMBEDDED_FILE).open("rb")
    with file:
        yield file


@contextmanager
def _faults_of(name: str) -> Iterator[None]:
    """Turn what opening and reading a file can raise into one FileError that names it."""
    try:
        yield
    except (zipfile.BadZipFile, EOFError, zlib.error, struct.error, RuntimeError, ValueError) as error:
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
                packed = path.stat().st_size if path.suffix.lower() == ".gz" else 0
                yield _decode(file, encoding, str(path), packed)


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
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES and path.is_file())
    if not files:
        raise FileError(f"{folder}: no {', '.join(_SUFFIXES)} file in this folder")
    for path in files:
        yield from _open(path, encoding)


def _open_zip(path: Path, encoding: str) -> Iterator[Iterator[str]]:
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if _is_text(name))
        if not names:
            raise FileError(f"{path}: no .txt file in this archive")
        for name in names:
            with archive.open(name) as file:
                yield _decode(file, encoding, f"{path}/{name}", archive.getinfo(name).compress_size)


def _is_text(member: str) -> bool:
    """Whether an archive's member is a text of the user's, and not a Mac's shadow of one."""
    parts = member.split("/")
    return member.lower().endswith(".txt") and "__MACOSX" not in parts and not parts[-1].startswith("._")


def _decode(file: IO[bytes], encoding: str, name: str, packed: int = 0) -> Iterator[str]:
    """Normalised text of a file, cut where a line ends, or within one that is very long where no character is torn.

    ``packed``: its bytes in an archive; far more bytes of text than these make no corpus. FileError names the first
    byte that is no text.
    """
    held: list[str] = []
    for text in _decode_chunks(lambda: file.read(_CHUNK), encoding, name, packed):
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


def _decode_chunks(read: Callable[[], bytes], encoding: str, name: str, packed: int = 0) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    position, chunk = 0, b" "
    while chunk:
        with _faults_of(name):
            chunk = read()
        if packed and position > max(_LARGE, packed * _TIGHTEST):
            raise FileError(
                f"{name}: unpacks to over {_TIGHTEST} times its size, which no text does; unpack it yourself"
            )
        pending = decoder.getstate()[0]
        try:
            yield decoder.decode(chunk, final=not chunk)
        except UnicodeError as error:
            where = position - len(pending) + getattr(error, "start", 0)
            raise FileError(f"{name}: byte {where} is not {encoding}: {_advice(encoding)}") from error
        position += len(chunk)


def _advice(encoding: str) -> str:
    other = "gb18030" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else "utf-8"
    return f"name the text's encoding, for instance --encoding {other}"
