"""What stands in lyrics and is not sung: tags, section marks, credits, notices, singers' names, translations."""

from __future__ import annotations

import dataclasses
import html
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

from lyricgen.text import credits, records, songs, stamps, translations
from lyricgen.text.credits import Kind

_RUN = re.compile(r"[^\S\n]{64,}")  # of spaces, of which other patterns would try every cut
_BREAK = re.compile(r"[^\S\n]*<br\s*/?>[^\S\n]*\n?", re.I)
_BLOCK = re.compile(r"\s*(?:</?(?:p|div|li|ul|ol|h[1-6]|html|head|body|pre)(?:\s[^<>]*)?>\s*)+", re.I)
_MARKUP = re.compile(
    r"</?(?:b|i|u|em|strong|span|font|a|sup|sub|img|small|big)(?:\s[^<>]*)?/?>|<!--.*?-->|<!doctype[^>]*>", re.I
)
_ENTITY = re.compile(r"&(?:(?:#\d{1,6}|#x[0-9a-f]{1,5}|[a-z]{2,8});|(?:#39(?!\d)|nbsp|(?:amp|quot)(?![a-z])))", re.I)
_ESCAPED = re.compile(r"(?:\\r)?\\n|\\r")
_QUOTE = re.compile(r"\\(['\"])")
_INDENT = re.compile(r"^[ \t]+|[ \t]+$", re.M)
# What a site adds without a line end.
_GLUED_SIGNS = ("Embed", " Lyrics[", "You might also like")
_GLUED = re.compile(
    r"^\d+ Contributors?.*? Lyrics(?=\[)|(?:See .{1,40} LiveGet tickets as low as \$\d+)?You might also like(?=\[|$)\n?"
    r"|(?:\d[\d.,]*[KM]?|(?<=[a-z]))Embed\s*\Z",
    re.M,
)
_TAG = re.compile(r"\s*\[\s*(?:#|[a-z][a-z_-]{0,15})\s*[:：].*\]\s*|\s*\{\"[a-z]\".*\}\s*", re.I)
_SECTION_NAME = (
    r"(?:verse|pre-?\s?chorus|post-?\s?chorus|chorus|bridge|intro|outro|hook|refrain|interlude|instrumental|solo|break|coda|"
    r"ending|spoken|rap|skit|drop|breakdown|repeat|verso|coro|estribillo|couplet|strophe|puente|refr[aã]o|ponte|zwrotka|"
    r"куплет|припев|letra de|paroles de|produced by|written by|サビ|후렴)"
)
_SECTION_NAME_ZH = (
    "(?:主歌|副歌|预副歌|前副歌|导歌|導歌|间奏|間奏|前奏|尾奏|尾声|尾聲|过门|過門|过渡|桥段|橋段|说唱|說唱|独白|獨白|念白|合唱"
    "|重[复複唱]|反[复覆]|第[一二三四五六\\d]+[段节節遍])"
)
_NUMBER = r"\s*(?:[A-Za-z]|\d{1,2}|[一二三四五六])?\s*(?:[x×*＊]\s*\d?|重复|[#＃※△▲])?\s*"
_EDGE = r"~～\-—=*#＊※"
_SECTION = re.compile(
    rf"\s*(?:\[[^\[\]]{{0,30}}\b{_SECTION_NAME}\b[^\[\]]{{0,60}}\]|[(（]{_SECTION_NAME}{_NUMBER}[)）]|{_SECTION_NAME}{_NUMBER}[:：]"
    rf"|[\[【(（{_EDGE}]+\s*(?:{_SECTION_NAME_ZH}{_NUMBER})+[\]】)）{_EDGE}]+\s*[:：]?|{_SECTION_NAME_ZH}{_NUMBER}[:：]"
    r"|[\[(（]?(?:[x×]\s?\d|repeat\s*[#＃※*＊△▲x×\d]+|repeat (?:chorus|verse))[\])）]?|[♪♫♬♩\s]+)\s*",
    re.I,
)
_BLANKS = re.compile("\n{3,}")
_PART = "[♂♀男女合齐齊众眾]|男女|[男女][合独獨声聲]|童[声聲]|[合对對齐齊]唱|旁白|rap|Male|Female|Duet"
_PARTS = rf"(?:{_PART})(?:\s*[&＆/+、]\s*(?:{_PART}))*"
_SINGER = re.compile(
    rf"\s*(?:[(（【\[{{]\s*{_PARTS}\s*\d?[)）】\]}}]\s*[:：]?|(?:{_PARTS}|童|F|M|D|All|Both|v\d|bg)\s*\d?[:：])\s*(?P<rest>.*)",
    re.I,
)
_NAME = re.compile(
    r"\s*(?:(?P<name>[\u3400-\u9fff·]{1,4}|[A-Z][\w.]{0,7})\s*[:：]|[(（【](?P<bracketed>[\u3400-\u9fff]{1,3})[)）】]\s*[:：]?(?=\s*\S))"
    r"\s*(?P<rest>.*)"
)
_NICKNAME = re.compile(r"[小阿](?![声心时说雨雪路城孩])[\u3400-\u9fff]")
# All that is found here has one of these signs, or one of these words.
_SIGNS = re.compile(f"[{credits.SIGNS}\\[{{♪♫♬♩]")
_FIRST_SIGNS = re.compile("[(（【](?<![^\n].)")
_WORDS = """ / |repeat|Repeat|REPEAT|重复|重複|重唱|间奏|間奏|前奏|尾奏|副歌|主歌|尾声|尾聲""".split("|")  # noqa: SIM905


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    """A pattern of all words, grouped by their first characters, by which it is found fast."""
    rests: defaultdict[str, list[str]] = defaultdict(list)
    for word in words:
        rests[word[0]].append(re.escape(word[1:]))
    return re.compile("|".join(f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in rests.items()))


_SIGN_WORDS = _any_of([*credits.WORDS, *_WORDS])


@dataclasses.dataclass
class Removed:
    """How much was left out."""

    stamps: int = 0  # lines with time stamps, which stay without them
    tags: int = 0  # lines that are an ID tag
    credits: int = 0  # lines
    sections: int = 0  # lines
    notices: int = 0  # lines
    singers: int = 0  # names of singers before lines, which stay
    translations: int = 0  # lines, or halves of lines
    doubtful: list[str] = dataclasses.field(default_factory=list)  # lines that begin with what may be a stamp

    def __str__(self) -> str:
        """In words; empty if nothing was left out."""
        parts = {
            "time stamps of {:,} line": self.stamps,
            "{:,} ID tag": self.tags,
            "{:,} credit line": self.credits,
            "{:,} section mark": self.sections,
            "{:,} notice": self.notices,
            "{:,} singer name": self.singers,
            "{:,} translation": self.translations,
        }
        return ", ".join(words.format(count) + "s" * (count > 1) for words, count in parts.items() if count)


def clean(
    text: str, removed: Removed, *, songs_by: str = "auto", keep_credits: bool = False, keep_translations: bool = False
) -> Iterator[str]:
    """Yield the songs of a text (whole lines): the lines that are sung, and one blank line between stanzas."""
    text = _RUN.sub(" ", text)
    for lines in stamps.in_order(_unescaped(text), keep_translations=keep_translations, dropped=removed):
        for song in songs.split("\n".join(songs.unfold(lines)), songs_by):
            sung = _sung(song, removed, keep_credits=keep_credits, keep_translations=keep_translations)
            if not keep_translations:
                sung, count = translations.without(sung)
                removed.translations += count
            if sung:
                yield sung


def _unescaped(text: str) -> str:
    """A text without what pages and sites leave within its lines."""
    if text.lstrip()[:1] == "[":
        lines = records.listed(text)
        text = text if isinstance(lines, str) else "\n".join(lines)
    for _ in range(2 if "&" in text else 0):  # some are escaped twice
        text = _ENTITY.sub(lambda match: html.unescape(match[0]).replace("\u00a0", " "), text)
    if "<" in text:
        # A paragraph is a stanza where lines have ends of their own, and a line elsewhere.
        text, breaks = _BREAK.subn("\n", text)
        least = 2 if breaks else 1
        text = _BLOCK.sub(lambda match: "\n" * max(least, min(match[0].count("\n"), 3)), text)
        text = _MARKUP.sub("", text)
    if "\\" in text:
        text = _QUOTE.sub(r"\1", _ESCAPED.sub("\n", text))
    if "\n " in text or " \n" in text or "\t" in text or text[:1] == " ":
        text = _INDENT.sub("", text).replace("\t", " ")
    return _GLUED.sub(_line_end, text) if any(sign in text for sign in _GLUED_SIGNS) else text


def _line_end(match: re.Match[str]) -> str:
    is_first = match.start() == 0 or match.string[match.start() - 1] == "\n"
    return "" if is_first else "\n"


def _sung(song: str, removed: Removed, *, keep_credits: bool, keep_translations: bool) -> str:
    """The lines of a song that are sung, and the blank ones between them; most songs have no sign of any others."""
    odd = _lines_with_signs(song)
    has_end = credits.is_end(song[song.rfind("\n") + 1 :])
    if not odd and not has_end:
        return song
    lines = song.split("\n")
    singers = _singers(lines, odd)
    marks, kinds = _marks_and_kinds(lines, odd, singers)
    if has_end:
        marks[len(lines) - 1] = "notices"
    if keep_credits:
        marks = {number: mark for number, mark in marks.items() if mark != "notices"}
    else:
        marks.update(dict.fromkeys(credits.find(lines, kinds), "credits"))
    for mark in marks.values():
        setattr(removed, mark, getattr(removed, mark) + 1)
    changed: dict[int, str | None] = dict.fromkeys(marks)
    for number in (number for number in odd if number not in marks):
        words = _without_singer(lines[number], singers, removed)
        words = words if keep_translations or words is None else _original(words, removed)
        if words != lines[number]:
            changed[number] = words
    if not changed:
        return song
    sung = (changed.get(number, line) for number, line in enumerate(lines))
    return _BLANKS.sub("\n\n", "\n".join([line for line in sung if line is not None])).strip("\n")


def _lines_with_signs(song: str) -> list[int]:
    """The numbers of the lines of a song that may be more than sung words."""
    numbers: set[int] = set()
    for signs in (_SIGNS, _FIRST_SIGNS, _SIGN_WORDS):
        number = place = 0
        for match in signs.finditer(song):
            number += song.count("\n", place, match.start())
            place = match.start()
            numbers.add(number)
    return sorted(numbers)


def _marks_and_kinds(
    lines: Sequence[str], odd: Iterable[int], singers: Collection[str]
) -> tuple[dict[int, str], dict[int, Kind]]:
    """What is certainly not sung, as a field of ``Removed``, and what lines look like; by the numbers of the lines."""
    marks: dict[int, str] = {}
    kinds: dict[int, Kind] = {}
    labelled: list[int] = []
    for number in odd:
        line = lines[number]
        is_singer = _singer_of(line, singers) is not None
        mark = "" if is_singer else _mark(line, is_first=number == len(marks))
        if mark:
            marks[number] = mark
            kind = Kind.SUNG if mark == "sections" else Kind.MARK
        else:
            kind = credits.kind_of(line)
        if kind is not Kind.SUNG:
            kinds[number] = Kind.POSSIBLE if is_singer else kind
            labelled += [number] * is_singer
    if 2 * len(labelled) > sum(map(bool, lines)):  # a song of several voices rather than a list of singers
        kinds = {number: kind for number, kind in kinds.items() if number not in labelled}
    return marks, kinds


def _mark(line: str, *, is_first: bool) -> str:
    if len(line) <= credits.LONGEST and _SECTION.fullmatch(line):
        return "sections"
    if _TAG.fullmatch(line):
        return "tags"
    return "notices" if credits.is_notice(line, is_first=is_first) else ""


def _singers(lines: Sequence[str], odd: Sequence[int]) -> frozenset[str]:
    """The names of singers before colons or in brackets: each before different words, and no name alone in its song."""
    behind: defaultdict[str, set[str]] = defaultdict(set)
    for number in odd:
        match = _NAME.fullmatch(lines[number])
        name = match and (match["name"] or match["bracketed"])
        if match and name and credits.may_name_a_singer(name):
            behind[name].add(match["rest"] or next(filter(None, lines[number + 1 :]), ""))
    names = {name for name, words in behind.items() if len(words) > 1}
    if len(names) < 2 and not any(_SINGER.match(lines[number]) for number in odd):
        names = set()
    return frozenset(names | set(filter(_NICKNAME.fullmatch, behind)))


def _singer_of(line: str, singers: Collection[str]) -> str | None:
    """What a line has behind the name of its singer, if it begins with one."""
    if match := _SINGER.match(line):
        return match["rest"]
    named = _NAME.fullmatch(line) if singers else None
    return named["rest"] if named and (named["name"] or named["bracketed"]) in singers else None


def _without_singer(line: str, singers: Collection[str], removed: Removed) -> str | None:
    """A line without the name of who sings it; None if nothing is left."""
    rest = _singer_of(line, singers)
    if rest is None:
        return line
    removed.singers += 1
    return rest.strip() or None


def _original(line: str, removed: Removed) -> str:
    """A line without its translation behind a slash."""
    first, slash, second = line.partition(" / ")
    if not slash or " / " in second or not first.strip() or stamps.script_of(first) == stamps.script_of(second):
        return line
    removed.translations += 1
    return first.rstrip()
