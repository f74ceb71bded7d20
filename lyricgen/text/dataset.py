"""Ids, vocabulary and parts, as ``lyricgen prepare`` leaves them on disk."""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lyricgen import files, storage
from lyricgen.config import SCRIPTS, PrepareConfig
from lyricgen.errors import FileError
from lyricgen.schema import Checked, field, from_json
from lyricgen.text import corpus, songs
from lyricgen.text.parts import NAMES, Parts, check_parts
from lyricgen.text.script import MIXES, ScriptCount, converter
from lyricgen.text.songs import Song
from lyricgen.text.vocabulary import UNKNOWN, Census, Ids, Vocabulary, code_points, count_ids

DEFAULT_FILE = "dataset.safetensors"
KIND = "dataset"
_FEWEST = 2  # characters that a text must have
_LONG_LINE = 400  # characters, beyond which a line is probably a song
_LONG_SONG = 1000  # lines, beyond which a text has probably several songs
FEWEST_SONGS = 20  # a source with fewer songs has its end held out instead of whole songs


@dataclasses.dataclass(frozen=True)
class Dataset:
    """A text in its parts, and how it was made.

    ``untrained`` names the sources of which nothing is left to train on, ``notes`` say what was passed over or left out
    when they were read; neither is stored.
    """

    parts: Parts
    config: PrepareConfig
    sources: tuple[str, ...]
    fingerprint: str
    untrained: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def vocabulary(self) -> Vocabulary:
        """The characters of the training part."""
        return self.parts.vocabulary

    @property
    def train(self) -> Ids:
        """Ids to learn from (T,)."""
        return self.parts.ids("train")

    @property
    def valid(self) -> Ids:
        """Ids that choose the best epoch (T,), perhaps none."""
        return self.parts.ids("valid")

    @property
    def test(self) -> Ids:
        """Ids that training never sees (T,), perhaps none."""
        return self.parts.ids("test")

    def in_vocabulary(self, vocabulary: Vocabulary) -> Dataset:
        """The same text, for a model that knows more characters; its fingerprint stays."""
        if vocabulary == self.vocabulary:
            return self
        return dataclasses.replace(self, parts=self.parts.in_vocabulary(vocabulary))

    def in_script(self, script: str) -> Dataset:
        """The same text in that script; itself if it is, or if it was prepared with a choice of script."""
        if self.config.script is not None:
            return self
        texts, count = {name: self.parts.text(name) for name in NAMES}, ScriptCount()
        for text in texts.values():
            count.add(text)
        if not count.differs(script):
            return self
        convert = converter(script)
        parts = self.parts.with_texts({name: convert(text) for name, text in texts.items()})
        other = next(choice for choice in SCRIPTS if choice != script)
        note = f"script      {script} now, as the base's text; `lyricgen prepare --script {other}` keeps it {other}"
        true_still = (other_note for other_note in self.notes if MIXES not in other_note)
        return dataclasses.replace(self, parts=parts, fingerprint=_fingerprint(parts), notes=(*true_still, note))

    def __len__(self) -> int:
        return len(self.parts)

    def __repr__(self) -> str:
        name = ", ".join(self.sources) or corpus.SAMPLE
        held_out = len(self) - len(self.train)
        return f"<Dataset {name}: {len(self):,} characters, {held_out:,} held out>"

    def unknown_share(self, name: str) -> float:
        """The share of a part's characters that are unknown; 0 for an empty part."""
        ids = self.parts.ids(name)
        return float(np.count_nonzero(ids == UNKNOWN) / len(ids)) if len(ids) else 0.0

    def save(self, path: Path, *, force: bool = True) -> None:
        """Write it, in a new folder if need be; FileError when it cannot be, or may not without ``force``."""
        metadata = {
            "vocabulary": self.vocabulary.characters,
            "unseen": self.parts.unseen,
            "config": dataclasses.asdict(self.config),
            "sources": self.sources,
            "fingerprint": self.fingerprint,
        }
        with files.product(path, force=force) as file:
            storage.write_to(file, KIND, metadata, self.parts.tensors)


@dataclasses.dataclass(frozen=True)
class _Metadata(Checked):
    """The JSON value of a dataset."""

    vocabulary: str = field(str)
    config: dict[str, Any] = field(dict)
    sources: list[str] = field(list)
    fingerprint: str = field(str)
    unseen: str = field(str)


def load(path: Path) -> Dataset:
    """A dataset, whose ids stay on disk if it is large; FileError when it is damaged or of another kind."""
    stored = storage.read(path, KIND)
    try:
        metadata = from_json(_Metadata, stored.metadata, lenient=True)
        vocabulary = Vocabulary.stored(metadata.vocabulary)
        parts = check_parts(vocabulary, metadata.unseen, stored.tensors)
        config = from_json(PrepareConfig, metadata.config)
    except (FileError, KeyError, ValueError) as error:
        raise FileError(f"{path}: is a damaged dataset ({error}); prepare it again") from error
    return Dataset(parts, config, tuple(map(str, metadata.sources)), metadata.fingerprint)


def open_sources(sources: Sequence[str]) -> Dataset:
    """Return the dataset of a single dataset file, or else what ``prepare`` makes of the sources."""
    if len(sources) == 1 and files.is_file(Path(sources[0])) and storage.is_stored(Path(sources[0])):
        return load(Path(sources[0]))
    return prepare(sources, PrepareConfig())


def prepare(sources: Sequence[str], config: PrepareConfig) -> Dataset:
    """Read sources (none: the sample) into a dataset.

    Raises
    ------
    FileError
        A source cannot be read, or the text is too short to learn from (less than two characters).
    """
    reader = corpus.Reader(
        config.encoding,
        config.keep_credits,
        config.field,
        script=config.script,
        songs_by=config.songs_by,
        keep_translations=config.keep_translations,
    )
    read = corpus.read_songs(sources, reader)
    kept, boilerplate = songs.without_boilerplate(read)
    copies = 0
    if not config.keep_copies:
        kept, copies = songs.without_copies(kept)
    shown = [f'"{line[:30]}" ({count:,} times)' for line, count in sorted(boilerplate.items(), key=lambda b: -b[1])[:3]]
    notes = [_count(kept, copies), *reader.notes()]
    if shown:
        notes.append(f"left out    what many songs begin or end with: {', '.join(shown)}")
    if sum(len(song.text) for song in kept) < _FEWEST:
        raise FileError(f"{', '.join(sources)}: one character is too few to learn from")
    pieces = _joined(kept, config.max_chars)
    return dataclasses.replace(_split(pieces, config, sources, kept), notes=tuple(notes))


def _count(kept: Sequence[Song], copies: int) -> str:
    stanzas = sum(1 + song.lines[2:].count("") for song in kept)  # a title of its own is not one
    lines = sum(len(song.lines) - song.lines.count("") for song in kept)
    left_out = f"; {copies:,} cop{'ies' if copies > 1 else 'y'} left out (--keep-copies)" if copies else ""
    counts = {"song": len(kept), "stanza": stanzas, "line": lines}
    count = ", ".join(f"{number:,} {noun}{'s' * (number != 1)}" for noun, number in counts.items()) + left_out
    longest = max((song.lines for song in kept), key=len, default=())
    advice = "--songs-by blank ends songs at its blank lines" if "" in longest else "put two blank lines between songs"
    warning = f"; the longest has {len(longest):,} lines: {advice}" if len(longest) > _LONG_SONG else ""
    width = max((len(line) for song in kept for line in song.lines), default=0)
    warning += f"; the longest line has {width:,} characters: put line ends into it" if width > _LONG_LINE else ""
    return f"songs       {count}{warning}"


def _joined(kept: Sequence[Song], max_chars: int) -> Iterator[tuple[int, str]]:
    """The songs, two blank lines between them, each with the number of its source."""
    left = max_chars or sys.maxsize
    for song, text in zip(kept, songs.joined(kept)):
        yield song.source, text[:left]
        left -= len(text)
        if left <= 0:
            return


def split(pieces: Iterable[str], config: PrepareConfig) -> Dataset:
    """Cut a text that was read into its parts, and encode it; FileError if it is too short."""
    text = "".join(pieces)
    cuts = [0, *songs.starts(text)[1:], len(text)]
    cut_up = [text[begin:end] for begin, end in zip(cuts, cuts[1:])]
    return _split([(0, song) for song in cut_up], config, (), [Song(0, tuple(song.split("\n"))) for song in cut_up])


class Segment(NamedTuple):
    """A stretch of the text that belongs to one part."""

    begin: int
    end: int
    part: str


def _split(
    pieces: Iterable[tuple[int, str]], config: PrepareConfig, sources: Sequence[str], known: Sequence[Song]
) -> Dataset:
    """``pieces``: the text of the first of the ``known`` songs, or of all, each with the number of its source."""
    census = Census()
    sizes, lengths = [0], [0] * max(len(sources), 1)

    def measured() -> Iterator[str]:
        for source, piece in pieces:
            sizes.append(len(piece))
            lengths[source] += len(piece)
            yield piece

    numbers = np.concatenate([census.number(text) for text in songs.batches(measured())])
    ends = np.cumsum(lengths).tolist()
    starts = np.cumsum(sizes[:-1])
    segments = _segments(ends, config, starts, songs.groups(known[: len(starts)]))
    if sum(segment.end - segment.begin for segment in segments if segment.part == "train") < _FEWEST:
        raise FileError(f"{', '.join(sources) or corpus.SAMPLE}: {len(numbers)} characters are too few to learn from")
    parts = _encode(numbers, _codes(census, config), segments, starts, config)
    trained = {_source_of(segment.begin, ends) for segment in segments if segment.part == "train"}
    untrained = tuple(name for number, name in enumerate(sources) if lengths[number] and number not in trained)
    return Dataset(parts, config, tuple(map(corpus.shown, sources)), _fingerprint(parts), untrained)


def _source_of(place: int, ends: Sequence[int]) -> int:
    return int(np.searchsorted(ends, place, "right"))


def _codes(census: Census, config: PrepareConfig) -> NDArray[np.uint32]:
    """Number -> code point, with --newlines space applied."""
    codes = census.codes.copy()
    if config.newlines == "space":
        codes[codes == ord("\n")] = ord(" ")
    return codes


def _segments(
    ends: Sequence[int], config: PrepareConfig, starts: NDArray[np.intp], groups: Sequence[int]
) -> list[Segment]:
    """The whole text as segments in order; ``ends`` of the sources, ``starts`` and groups of the songs."""
    if config.split == "tail":
        return _without_stubs(_cut_end(0, ends[-1], config))
    segments: list[Segment] = []
    for begin, end in zip([0, *ends], ends):
        first, last = np.searchsorted(starts, [begin, end]).tolist()
        held_out = []
        if last - first >= FEWEST_SONGS:
            held_out = _hold_out_songs([*starts[first:last].tolist(), end], groups[first:last], config)
        segments += held_out or _cut_end(begin, end, config)
    return _without_stubs(segments)


def _cut_end(begin: int, end: int, config: PrepareConfig) -> list[Segment]:
    """First training, then validation, then test part of one stretch."""
    valid, test = (int((end - begin) * share) for share in (config.valid_fraction, config.test_fraction))
    cuts = [begin, end - valid - test, end - test, end]
    return [Segment(*cut, part) for cut, part in zip(zip(cuts, cuts[1:]), NAMES)]


def _hold_out_songs(bounds: Sequence[int], groups: Sequence[int], config: PrepareConfig) -> list[Segment]:
    """Whole songs for the held-out parts, evenly spread; none if a part that is wanted would have no song.

    Each part is owed its share of what has come by. A song goes to the part that is owed at least half of it, and one
    that shares most of its lines with an earlier song to the part of that one.
    """
    owed, shares = {"valid": 0.0, "test": 0.0}, {"valid": config.valid_fraction, "test": config.test_fraction}
    segments = []
    sizes: Counter[int] = Counter()
    for begin, end, group in zip(bounds, bounds[1:], groups):
        sizes[group] += end - begin
    part_of: dict[int, str] = {}
    for begin, end, group in zip(bounds, bounds[1:], groups):
        if group not in part_of:
            size = sizes[group]
            for part in owed:
                owed[part] += shares[part] * size
            most = max(owed, key=lambda part: owed[part])
            part_of[group] = most if shares[most] and owed[most] >= size / 2 else "train"
            if part_of[group] in owed:
                owed[part_of[group]] -= size
        segments.append(Segment(begin, end, part_of[group]))
    used = {segment.part for segment in segments}
    return segments if all(part in used for part, share in shares.items() if share) else []


def _without_stubs(segments: Sequence[Segment]) -> list[Segment]:
    """The same; a held-out part of one character, which predicts nothing, is trained on."""
    lengths = dict.fromkeys(NAMES, 0)
    for begin, end, part in segments:
        lengths[part] += end - begin
    return [
        segment if lengths[segment.part] >= 2 else segment._replace(part="train")
        for segment in segments
        if segment.end > segment.begin
    ]


def _encode(
    numbers: Ids,
    codes: NDArray[np.uint32],
    segments: Sequence[Segment],
    starts: NDArray[np.intp],
    config: PrepareConfig,
) -> Parts:
    of_part = {name: [segment for segment in segments if segment.part == name] for name in NAMES}
    counts = np.zeros(len(codes), np.int64)
    for begin, end, _ in of_part["train"]:
        counts += count_ids(numbers[begin:end], len(codes))
    known, places = np.unique(codes, return_inverse=True)
    common = np.bincount(places.reshape(-1), weights=counts, minlength=len(known)) >= config.min_count
    if not common.any():
        raise FileError(f"no character occurs {config.min_count:,} times in the training part: lower --min-count")
    vocabulary = Vocabulary.of(known[common])
    held_out = np.unique(
        np.concatenate([np.unique(numbers[s.begin : s.end]) for s in segments if s.part != "train"] or [[]])
    )
    unseen = np.setdiff1d(codes[held_out.astype(np.intp)], code_points(vocabulary.characters))
    ids_of = vocabulary.encode_codes(codes)
    extended = ids_of.astype(np.min_scalar_type(len(vocabulary) + len(unseen)))
    new = np.isin(codes, unseen)
    extended[new] = len(vocabulary) + np.searchsorted(unseen, codes[new])
    stored = {name: _renumber(numbers, ids_of if name == "train" else extended, of_part[name]) for name in NAMES}
    begins = {name: _begins(starts, of_part[name]) for name in NAMES}
    return Parts(vocabulary, unseen.astype("<u4").tobytes().decode("utf-32-le"), stored, begins)


def _begins(starts: NDArray[np.intp], segments: Sequence[Segment]) -> NDArray[np.uint32]:
    """Where the songs of a part begin in it (S,); the rest of a song that was cut counts as one."""
    if not segments:
        return np.zeros(0, np.uint32)
    begins, ends, _ = map(np.array, zip(*segments))
    shifts = np.cumsum(ends - begins) - ends
    owners = np.minimum(np.searchsorted(ends, starts, "right"), len(ends) - 1)
    is_inside = (begins[owners] <= starts) & (starts < ends[owners])
    inside = starts[is_inside] + shifts[owners[is_inside]]
    places: NDArray[np.intp] = np.unique(np.concatenate([begins + shifts, inside]))
    return places.astype(np.uint32)


def _renumber(numbers: Ids, ids_of: Ids, segments: Sequence[Segment]) -> Ids:
    """The ids of these segments, one after the other."""
    ids = np.empty(sum(end - begin for begin, end, _ in segments), ids_of.dtype)
    place = 0
    for begin, end, _ in segments:
        ids[place : place + end - begin] = ids_of[numbers[begin:end]]
        place += end - begin
    return ids


def _fingerprint(parts: Parts) -> str:
    """A digest that two datasets share only when a training on one may go on with the other."""
    digest = hashlib.sha256(parts.vocabulary.characters.encode())
    for name in NAMES:
        digest.update(len(parts.stored[name]).to_bytes(8, "little"))
        digest.update(np.ascontiguousarray(parts.ids(name)).data)
    return digest.hexdigest()
