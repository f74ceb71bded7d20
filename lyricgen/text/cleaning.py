"""What stands in files of lyrics and is sung by nobody: time stamps, credits, the names of sections."""

from __future__ import annotations

import dataclasses
import re

# [01:02.34], also [1:2], [01:02:34]; within a line <01:02.34>. https://en.wikipedia.org/wiki/LRC_(file_format)
_TIME = r"(\d{1,3}):(\d{1,2})(?:[.:](\d{1,3}))?"
_STAMP = re.compile(rf"[ \t]*\[{_TIME}\]")
_INNER_STAMP = re.compile(rf"[ \t]*<{_TIME}>[ \t]*|\[{_TIME}\]")
_TAG = re.compile(
    r"\s*\[(?:ti|ar|al|au|by|re|ve|la|lr|id|offset|length|encoding|kana|hash|sign|qq|total|language)\s*:.*\]\s*", re.I
)

_PEOPLE = (
    "作词|填词|原词|作曲|谱曲|原曲|编曲|词曲|词|曲|演唱|原唱|歌手|主唱|和声|和音|合声|伴唱|制作人|监制|总监|制作|出品|出品人|发行|"
    "录音|录音师|录音室|混音|混音师|混音室|母带|母带处理|后期|吉他|贝斯|鼓|键盘|钢琴|弦乐|二胡|古筝|笛子|琵琶|企划|统筹|策划|"
    "配唱|配唱制作人|音乐总监|音乐制作|词曲作者|文案|版权|专辑|歌名|曲名|"
    "作詞|填詞|編曲|詞曲|詞|製作人|監製|製作|錄音|錄音師|錄音室|混音師|母帶|鋼琴|絃樂|和聲|專輯|發行"
)
_CREDIT = re.compile(
    rf"\s*(?:(?:{_PEOPLE})(?:\s*[/、&和与及]\s*(?:{_PEOPLE}))*\s*(?:\([^)]*\)|（[^）]*）)?\s*[:：].*"
    r"|(?:作词|作曲|编曲|作詞|編曲|填词|填詞|制作人|製作人)\s+\S.*"
    r"|(?:lyrics?|words|music|written|composed|composer|lyricist|arranged|arranger|arrangement|produced|producer|mixed|"
    r"mastered|recorded|vocals?|guitars?|bass|drums|keyboards?|piano|strings)(?:\s*(?:and|&|/)\s*(?:lyrics?|words|music|"
    r"composed|arranged|produced))?\s*(?:by\s*[:：]|by\s+(?-i:[A-Z\u4e00-\u9fff])|[:：]).*)",
    re.I,
)
_LONGEST_CREDIT = 80  # characters: a longer line is none
_SECTION_NAME = (
    r"(?:verse|pre-?\s?chorus|post-?\s?chorus|chorus|bridge|intro|outro|hook|refrain|interlude|instrumental|solo|break|coda|"
    r"ending|spoken|rap)"
)
_SECTION_NAME_ZH = (
    "(?:主歌|副歌|预副歌|前副歌|导歌|间奏|前奏|尾奏|尾声|过门|过渡|桥段|说唱|独白|念白|合唱|間奏|過門|橋段|說唱|獨白)"
)
_NUMBER = r"\s*(?:[A-Za-z]|\d{1,2}|[一二三四五六])?\s*(?:[x×]\s*\d|重复|×\d)?\s*"
_SECTION = re.compile(
    rf"\s*(?:\[{_SECTION_NAME}\b[^\]]{{0,40}}\]|[(（]{_SECTION_NAME}{_NUMBER}[)）]|{_SECTION_NAME}{_NUMBER}[:：]"
    rf"|[\[【(（]{_SECTION_NAME_ZH}{_NUMBER}[\]】)）]\s*[:：]?|{_SECTION_NAME_ZH}{_NUMBER}[:：])\s*",
    re.I,
)


# A line without any of these is sung.
_SIGN = re.compile(r"[\[<:：(（【]|作词|作曲|编曲|作詞|編曲|填词|填詞|制作人|製作人|\bby\b", re.I)


@dataclasses.dataclass
class Removed:
    """How much of it was left out."""

    stamps: int = 0  # lines with time stamps, which stay without them
    tags: int = 0  # lines that are an ID tag
    credits: int = 0  # lines
    sections: int = 0  # lines

    def __str__(self) -> str:
        """In words; empty if nothing was left out."""
        parts = {
            "time stamps of {:,} line": self.stamps,
            "{:,} ID tag": self.tags,
            "{:,} credit line": self.credits,
            "{:,} section mark": self.sections,
        }
        return ", ".join(words.format(count) + "s" * (count > 1) for words, count in parts.items() if count)


def clean(text: str, removed: Removed, *, keep_credits: bool = False) -> str:
    """A text (whole lines) without time stamps, ID tags, section marks and, unless asked to keep them, credits."""
    parts, done = [], 0
    while match := _SIGN.search(text, done):
        begin = max(text.rfind("\n", done, match.start()) + 1, done)
        end = text.find("\n", match.start()) + 1 or len(text)
        parts += [text[done:begin], _cleaned(text[begin:end], removed, keep_credits=keep_credits) or ""]
        done = end
    return "".join([*parts, text[done:]])


def _cleaned(line: str, removed: Removed, *, keep_credits: bool) -> str | None:
    """A line without what nobody sings; None if nothing is left of it."""
    words = _INNER_STAMP.sub("", _STAMP.sub("", line)) if "[" in line or "<" in line else line
    if words != line:
        removed.stamps += 1
        if not words.strip():
            return None
    if _TAG.fullmatch(words):
        removed.tags += 1
        return None
    if _SECTION.fullmatch(words):
        removed.sections += 1
        return None
    if not keep_credits and is_credit(words):
        removed.credits += 1
        return None
    return words


def is_credit(line: str) -> bool:
    """Whether a line says who wrote, sang or recorded the song."""
    return len(line) <= _LONGEST_CREDIT and _CREDIT.fullmatch(line.strip()) is not None


def in_order_of_time(text: str) -> str:
    """The lines of an .lrc file in the order in which they are sung, one with several stamps as often as it has them.

    ID tags and lines without a stamp stay in front. A song has no blank lines within it.
    """
    head: list[str] = []
    sung: list[tuple[float, int, str]] = []
    for number, line in enumerate(text.splitlines()):
        stamps, rest = [], line
        while match := _STAMP.match(rest):
            stamps.append(_seconds(match))
            rest = rest[match.end() :]
        if stamps and rest.strip():
            sung += [(stamp, number, f"[00:00.00]{rest}") for stamp in stamps]
        elif not stamps and rest.strip():
            head.append(rest)
    return "\n".join([*head, *(line for _, _, line in sorted(sung))]) + "\n"


def _seconds(match: re.Match[str]) -> float:
    minutes, seconds, rest = match.groups()
    return 60 * int(minutes) + int(seconds) + float(f"0.{rest}" if rest else 0)
