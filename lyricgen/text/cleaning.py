"""What stands in files of lyrics and is not sung: credits, notices, tags, section marks, singers' names, translations.

A line is judged by its shape, its place in the song and the lines beside it, not by its words alone: ``鼓：某人`` among
other credits is one, ``鼓：咚咚咚`` in the middle of a verse is sung.
"""

from __future__ import annotations

import dataclasses
import html
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from lyricgen.text import stamps

_TAG = re.compile(r"\s*\[\s*(?:#|[a-z][a-z_]{0,15})\s*[:：].*\]\s*|\s*\{\"[a-z]\".*\}\s*", re.I)
_BREAK = re.compile(r"<br\s*/?>|</?(?:p|div|li)\s*>", re.I)
_MARKUP = re.compile(r"</?(?:b|i|u|em|strong|span|font|a|sup|sub)(?:\s[^<>]*)?>", re.I)
_ENTITY = re.compile(r"&(?:#\d{1,6}|#x[0-9a-f]{1,5}|[a-z]{2,8});", re.I)

# Parts of which the names of roles are made: 混音工程师, 和声编写, 录音棚, 出品方, 音乐总监 …
_ROLE_PARTS = """
    作词 填词 原词 作曲 谱曲 原曲 编曲 词曲 作詞 填詞 原詞 編曲 詞曲 演唱 原唱 翻唱 主唱
    领唱 和声 和音 合声 伴唱 配唱 和聲 歌手 制作 製作 监制 監製 总监 總監 出品 发行 發行
    录音 錄音 混音 母带 母帶 后期 後期 缩混 企划 企劃 统筹 統籌 策划 策劃 宣传 宣發 宣发
    推广 营销 运营 封面 设计 設計 摄影 视觉 导演 文案 版权 版權 专辑 專輯 歌名 曲名 音乐
    音樂 曲绘 题字 调校 调音 剪辑 字幕 吉他 贝斯 貝斯 电吉他 木吉他 键盘 鍵盤 钢琴 鋼琴
    弦乐 絃樂 二胡 古筝 古琴 笛子 竹笛 琵琶 打击乐 大提琴 小提琴 口琴 萨克斯 合成器 采样
    编写 编排 协力 協力 支持 鸣谢 感谢 工程 监听 执行 總 总 助理 项目 艺人 经纪 品牌 厂牌
    公司 团队 工作室 工作 工程师 工程師 师 師 室 棚 人 方 者 组 编 制 监 权 权利 提供
    作者 词作 曲作 联合 联合出品 出版 数字 推荐 唱片 灵感 及 与 和 弦 写 演奏 指挥 乐团
    乐队 地点 时间 语言 曲风 日期
""".split()  # noqa: SIM905
_SURE = re.compile(
    "作词|填词|作曲|编曲|词曲|作詞|填詞|編曲|詞曲|制作|製作|监制|監製|出品|发行|發行|录音|錄音|混音|母带|母帶|企划|企劃|统筹|統籌|"
    "策划|版权|版權|工程|总监|總監|和声编|推广|营销|宣发|封面"
)
_ROLE = re.compile(f"(?:{'|'.join(sorted(set(_ROLE_PARTS), key=len, reverse=True))})+")
_SHORT_ROLES = frozenset(["词", "曲", "詞", "鼓", "唱", "监制", "OP", "SP"])
_ENGLISH_ROLE = re.compile(
    r"(?:lyrics?|words|music|written|composed|composers?|lyricists?|arranged|arrangers?|arrangement|produced|producers?|mix(?:ed|ing)?|"
    r"mastered|mastering|recorded|recording|vocals?|guitars?|bass|drums?|keyboards?|piano|strings|engineers?|executive|additional|"
    r"background|backing|electric|acoustic|lead|artists?|singer|songwriters?|publishers?|label|studio|album|co|op|sp|isrc|and|by|"
    r"assistant|editor|editing|programming|production|sound|design|performed|director|a&r|[&/])",
    re.I,
)
_SURE_ENGLISH = re.compile(
    r"engineer|producer|produced|composer|lyricist|arrang|master|mix|record|isrc|publish|\bop\b|\bsp\b|\bby\b", re.I
)
_CREDIT = re.compile(r"\s*(?P<role>[^:：]{1,40}?)\s*(?:[(（][^)）]*[)）])?\s*[:：]\s*(?P<value>.*)")
_PLAIN_CREDIT = re.compile(
    r"\s*(?:(?:作词|作曲|编曲|作詞|編曲|填词|填詞|制作人|製作人)\s+\S.*"
    r"|(?:lyrics?|words|music|written|composed|arranged|produced|mixed|mastered|recorded)"
    r"(?:\s*(?:and|&|/)\s*(?:lyrics?|words|music|composed|arranged|produced))?\s*by\s+(?-i:[A-Z\u4e00-\u9fff]).*"
    r"|(?:ISRC|OP|SP)\s*[:：]?\s+[A-Z0-9].*)",
    re.I,
)
_NOTICE = re.compile(
    r".*(?:未经.{0,12}(?:许可|授权|同意)|不得.{0,6}(?:翻唱|翻录|使用|转载)|版权所有|著作权|著作權|翻唱或使用).*"
    r"|\W*(?:此歌曲为没有填词的)?纯音乐.{0,3}请(?:您)?欣赏\W*|\W*暂无歌词\W*"
    r"|\d+ Contributors?.*|You might also like|\d*Embed|See .* LiveGet tickets.*|Translations|.* Lyrics$|"
    r".{0,12}歌词翻译由.*提供.*|\W*end\W*",
    re.I,
)
_SECOND_ROLE = re.compile(r"\s[^\s:：]{1,6}[:：]")  # of two credits in one line
_LONGEST = 80  # characters of a credit or a notice
_SHORT_VALUE = 5  # characters behind a role up to which they are a name, whatever words they are
_SECTION_NAME = (
    r"(?:verse|pre-?\s?chorus|post-?\s?chorus|chorus|bridge|intro|outro|hook|refrain|interlude|instrumental|solo|break|coda|"
    r"ending|spoken|rap|skit|drop|breakdown)"
)
_SECTION_NAME_ZH = (
    "(?:主歌|副歌|预副歌|前副歌|导歌|间奏|前奏|尾奏|尾声|过门|过渡|桥段|说唱|独白|念白|合唱|"
    "間奏|過門|橋段|說唱|獨白|重复|第[一二三四五六\\d]+[段节遍])"
)
_NUMBER = r"\s*(?:[A-Za-z]|\d{1,2}|[一二三四五六])?\s*(?:[x×]\s*\d|重复|×\d)?\s*"
_SECTION = re.compile(
    rf"\s*(?:\[[^\[\]]{{0,30}}\b{_SECTION_NAME}\b[^\[\]]{{0,60}}\]|[(（]{_SECTION_NAME}{_NUMBER}[)）]|{_SECTION_NAME}{_NUMBER}[:：]"
    rf"|[\[【(（]{_SECTION_NAME_ZH}{_NUMBER}[\]】)）]\s*[:：]?|{_SECTION_NAME_ZH}{_NUMBER}[:：])\s*",
    re.I,
)
_SINGER = re.compile(
    r"\s*(?:[(（【\[]\s*(?P<bracketed>男|女|合|齐|众|男声|女声|合唱|童声|旁白|rap)\s*\d?[)）】\]]\s*[:：]?"
    r"|(?P<named>男|女|合|齐|众|男声|女声|合唱|童声|童|旁白|F|M|D|All|Both|v\d|bg)\s*\d?[:：])\s*(?=(?P<rest>.*))",
    re.I,
)
_NAME = re.compile(r"\s*(?P<name>[\u4e00-\u9fff·]{2,4})\s*[:：]\s*(?P<rest>.*)")
_SPEECH = re.compile(r"[说說问問道想唱喊叫答写寫讲講是有在了着的我你他她它们們]$")
# All that the patterns above find has one of these signs.
_SIGN = re.compile(
    "[\\[<:：(（【{&｛［/]|作[词曲詞]|[编編]曲|填[词詞]|[制製]作人|纯音乐|版权|著作[权權]|未经|不得|翻唱|歌词"
)
_LATIN = re.compile("[A-Za-z]")
_LATIN_SIGN = re.compile(
    r"\bby\b|embed|lyrics|contributor|might also|\bend\b|isrc|translations|tickets|\b[os]p\b", re.I
)


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
    text: str, removed: Removed, *, keep_credits: bool = False, keep_translations: bool = False
) -> list[list[str]]:
    """Return the songs of a text (whole lines) as lists of the lines that are sung; blank lines stay as empty ones."""
    if not _may_have_more(text):
        return [text.split("\n")]
    lines = _unescaped(text).split("\n")
    removed.doubtful += [line for line in lines if stamps.is_doubtful(line)][:3]
    songs = stamps.in_order(lines, keep_translations=keep_translations, dropped=removed)
    return [_sung(song, removed, keep_credits=keep_credits, keep_translations=keep_translations) for song in songs]


def _may_have_more(text: str) -> bool:
    """Whether a text has any sign of what is not sung; most lines have none, and need no other look."""
    return _SIGN.search(text) is not None or (_LATIN.search(text) is not None and _LATIN_SIGN.search(text) is not None)


def _unescaped(text: str) -> str:
    """A text without the leftovers of HTML."""
    if "<" in text:
        text = _MARKUP.sub("", _BREAK.sub("\n", text))
    return _ENTITY.sub(lambda match: html.unescape(match[0]).replace("\u00a0", " "), text) if "&" in text else text


def _sung(lines: Sequence[str], removed: Removed, *, keep_credits: bool, keep_translations: bool) -> list[str]:
    if not any(map(_may_have_more, lines)):
        return list(lines)
    shapes = [_shape(line) for line in lines]
    names = _names_of_singers(lines)
    kept = []
    for number, (line, shape) in enumerate(zip(lines, shapes)):
        if shape == "tag":
            removed.tags += 1
        elif shape == "section":
            removed.sections += 1
        elif shape == "notice" and not keep_credits:
            removed.notices += 1
        elif (
            shape in ("credit", "likely")
            and not keep_credits
            and (shape == "credit" or _is_among_credits(shapes, number))
        ):
            removed.credits += 1
        else:
            words = _without_singer(line, names, removed)
            if words is not None:
                kept.append(words if keep_translations else _original(words, removed))
    return kept


def _shape(line: str) -> str:
    """What a line looks like: a tag, a section, a notice, a credit, a likely credit (by its role alone), or nothing."""
    if not line or line.isspace():
        return "blank"
    if not _may_have_more(line):
        return ""
    if _SINGER.match(line):
        return ""
    if _SECTION.fullmatch(line):
        return "section"
    if _TAG.fullmatch(line):
        return "tag"
    if len(line) > _LONGEST:
        return ""
    if _NOTICE.fullmatch(line.strip()):
        return "notice"
    return _credit(line)


def _credit(line: str) -> str:
    if _PLAIN_CREDIT.fullmatch(line):
        return "credit"
    match = _CREDIT.fullmatch(line)
    if not match:
        return ""
    role, value = match["role"], match["value"].strip()
    chinese = re.sub(r"[\s/、&|+\-]|[A-Za-z.]", "", role)
    english = re.sub(r"[\u4e00-\u9fff]", " ", role).strip(" /、|-").lower()
    is_role = bool(chinese) and (chinese in _SHORT_ROLES or _ROLE.fullmatch(chinese) is not None)
    is_english = bool(english) and all(
        _ENGLISH_ROLE.fullmatch(word) for word in re.split(r"[\s/、|+,-]+", english) if word
    )
    if not (is_role and (not english or is_english or len(english) < 30)) and not (is_english and not chinese):
        return ""
    is_sure = _SURE.search(chinese) or (is_english and _SURE_ENGLISH.search(english)) or _SECOND_ROLE.search(value)
    if not _is_name(value) and not (is_sure and len(value) < _SHORT_VALUE):
        return ""
    return "credit" if is_sure else "likely"


def _is_name(value: str) -> bool:
    """Whether what follows a role may be names: short, without what only sentences have."""
    if not value:
        return True
    return len(value) <= 40 and not re.search(
        r"[，。！？!?…]|\b(?:is|are|was|i|you|my|the|all|it)\b|[我你他她它了的着吗呢啊]", value, re.I
    )


def _is_among_credits(shapes: Sequence[str], number: int) -> bool:
    """Whether a line beside this one is a credit, a tag or another likely credit; or it opens or closes the song."""
    for step in (-1, 1):
        near = number + step
        while 0 <= near < len(shapes) and shapes[near] == "blank":
            near += step
        if not 0 <= near < len(shapes) or shapes[near] in ("credit", "likely", "tag", "notice"):
            return True
    return False


def _names_of_singers(lines: Iterable[str]) -> frozenset[str]:
    """Names before a colon that stand alone in a line, or before several lines; nothing that introduces speech."""
    matches = [
        match
        for line in lines
        if (":" in line or "：" in line) and (match := _NAME.fullmatch(line)) and not _SPEECH.search(match["name"])
    ]
    counts = Counter(match["name"] for match in matches)
    alone = {match["name"] for match in matches if not match["rest"].strip()}
    return frozenset(name for name, count in counts.items() if name in alone or count > 1)


def _without_singer(line: str, names: frozenset[str], removed: Removed) -> str | None:
    """A line without the name of who sings it; None if nothing is left."""
    match = _SINGER.match(line)
    rest = match["rest"] if match else None
    if rest is None and names and (named := _NAME.fullmatch(line)) and named["name"] in names:
        rest = named["rest"]
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


def is_credit(line: str) -> bool:
    """Whether a line says who wrote, sang or recorded the song, whatever stands beside it."""
    return len(line) <= _LONGEST and _credit(line) == "credit"
