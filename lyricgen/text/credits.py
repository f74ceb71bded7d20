"""Credits and notices in lyrics: who wrote, played, recorded and published a song, and what may be done with it.

A line is judged by its role (the words before a colon), by its value (names, or a sentence) and by the lines beside it.
Credits stand in blocks, mostly at the beginning or at the end of a song: a role that may be sung counts only there.
"""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Iterable, Mapping, Sequence

# Parts of the names of roles: those that only credits have, those that make a credit of another part, and all others.
_SURE_PARTS = """
    作词 填词 原词 词作 改编词 作曲 谱曲 原曲 曲作 编曲 词曲 曲词 作编曲 监制 监唱 出品 发行 混音 缩混 混缩 母带 企划
    统筹 策划 版权 著作 工程 总监 推广 营销 宣发 原唱 翻唱 配唱 出版 曲绘 贡献 调校 调音 编程 厂牌 制作人 录音师
    录音室 录音棚 编配 配器
""".split()  # noqa: SIM905
_FIRM_PARTS = """
    录音 录制 制作 和声 和音 合声 后期 封面 歌词 翻译 演奏 编写 编辑 整理 设计 执行 处理 剪辑 校对
""".split()  # noqa: SIM905
_PARTS = """
    演唱 主唱 领唱 伴唱 合唱 独唱 说唱 念白 对白 旁白 男声 女声 童声 人声 歌手 艺人 艺术 作者 制片 宣传 运营 商务 合作
    联系 方式 吉他 古典 民谣 原声 贝斯 低音 键盘 钢琴 电钢 弦乐 管乐 铜管 木管 民乐 打击乐 架子鼓 爵士鼓 小提琴 中提琴
    大提琴 提琴 二胡 古筝 古琴 笛子 竹笛 长笛 短笛 琵琶 扬琴 中阮 马头琴 葫芦丝 唢呐 口琴 口风琴 手风琴 萨克斯 小号 长号
    圆号 单簧管 双簧管 竖琴 合成器 采样 音色 音效 音频 视频 音乐 音响 影像 乐器 乐队 乐团 乐手 歌曲 单曲 专辑 歌名 曲名
    标题 文案 导演 编剧 摄影 美术 美工 视觉 海报 插画 题字 书法 字幕 动画 形象 造型 顾问 指导 指挥 助理 协力 支持 鸣谢
    感谢 致谢 特别 团队 工作室 公司 标签 品牌 媒体 平台 地点 时间 日期 语言 语种 曲风 风格 灵感 伴奏 现场 数字 独家 联合
    全景声 杜比 立体声 项目 首席 第一小提琴 第二小提琴 提供 上传 微博 微信 公众号 网站 邮箱 电话 电 木 群 号 鼓 弦
    琴 笛 箫 埙 筝 阮 师 手 家 室 棚 人 方 者 员 组 部 编 制 监 权 权利 及 与 和 兼 总 副 写 词 曲 唱 歌 声 乐 谱 轨 绘
    画 译
""".split()  # noqa: SIM905
_ENGLISH_ROLES = frozenset(
    """
    lyric lyrics lyricist lyricists word words music written write writer writers composed composer composers
    composition arranged arranger arrangers arrangement arrangements produced producer producers production mix mixed
    mixer mixing master mastered mastering recorded recording record vocal vocals vocalist guitar guitars guitarist
    bass drum drums drummer percussion keyboard keyboards keys piano rhodes organ synth synths synthesizer string
    strings violin violins viola violas cello cellos flute trumpet trombone saxophone sax horn horns brass woodwinds
    harp ukulele engineer engineers engineered executive additional background backing electric acoustic lead artist
    artists singer singers songwriter songwriters publisher publishers published publishing label studio studios album
    cover artwork art co op sp isrc upc and by at of the assistant editor editing edited programming programmer
    programmed sound design designer performed performer director a&r pgm dj mv pv video chorus harmony choir rap 1st
    2nd solo original distributed distribution distributor marketing supervisor special thanks photography
    illustration credits staff qq
    """.split()  # noqa: SIM905
)
_SURE_ENGLISH = re.compile(
    r"engineer|produc|compos|lyricist|arrang|master|mix|record|publish|songwriter|distribut"
    r"|\b(?:isrc|a&r|op|sp|by|staff)\b"
)
_TRADITIONAL, _SIMPLIFIED = (
    "詞編譜製監發錄帶劃籌權師總聲寫廣銷傳譯鍵盤鋼絃樂團隊號蕭簫畫設計攝導術員單標題專輯間語場調後協謝鳴聯箏揚馬",
    "词编谱制监发录带划筹权师总声写广销传译键盘钢弦乐团队号萧箫画设计摄导术员单标题专辑间语场调后协谢鸣联筝扬马",
)
_MORE_TRADITIONAL, _MORE_SIMPLIFIED = (
    "雙豎圓長領獨說對動顧響數體網執視覺經許歸純暫無請賞嚴該為轉載來歡關係問講聽這誰沒嗎麼們過",
    "双竖圆长领独说对动顾响数体网执视觉经许归纯暂无请赏严该为转载来欢关系问讲听这谁没吗么们过",
)
_TO_SIMPLIFIED = str.maketrans(_TRADITIONAL + _MORE_TRADITIONAL, _SIMPLIFIED + _MORE_SIMPLIFIED)
_TO_TRADITIONAL = str.maketrans(_SIMPLIFIED + _MORE_SIMPLIFIED, _TRADITIONAL + _MORE_TRADITIONAL)


def _any_of(parts: Iterable[str]) -> str:
    return "|".join(sorted(set(parts), key=len, reverse=True))


_ROLE = re.compile(f"(?:{_any_of([*_SURE_PARTS, *_FIRM_PARTS, *_PARTS])})+")
_FIRM = f"(?:{_any_of(_FIRM_PARTS)})"
_SURE = re.compile(f"{_any_of(_SURE_PARTS)}|{_FIRM}.|.{_FIRM}")

_HAN = "\u3400-\u9fff"
_NO_HAN, _ENGLISH = re.compile(f"[^{_HAN}]"), re.compile("[A-Za-z0-9][A-Za-z0-9&]*")
_COLON = ":：∶︰﹕|｜丨"
_LABELLED = re.compile(
    rf"(?P<role>[^{_COLON}]{{1,40}}?)\s*(?:[(（][^)）]*[)）]\s*)?"
    rf"(?:[】\])）」』〕]\s*[{_COLON}]?|[{_COLON}]|\s[–—-]\s)\s*(?P<value>.*)"
)
_SECOND = re.compile(rf"\s(?P<role>[^\s{_COLON}]{{1,8}})\s*[{_COLON}]")  # of two credits in one line
_PLAIN = re.compile(rf"(?P<role>[{_HAN}/、&]{{2,12}}(?:\s?[A-Za-z][A-Za-z ]*)?)[\s·–—/-]+(?P<value>\S.*)")
_BY = re.compile(
    rf"(?P<role>(?:[A-Za-z]+[\s,/&]+){{1,5}}?(?:by|By|BY|at|At)|(?:ISRC|OP|SP)(?!\W*[{_HAN}]))[\s–-]+"
    rf"(?P<value>(?!(?:My|Your|You|Me|I|A [a-z])\b)[A-Z\d{_HAN}].*)"
)
_WRAPPING = " \t*★☆♪♫·•◆◇○●◎■□▪※~～-—_=<>《》«»「」『』【】()（）[]〔〕〖〗\"“”'"
_TITLE = re.compile(r"\S.*[\s)）][-–—]\s.*\S")
LONGEST, _LONGEST_ROLE = 100, 16  # characters of a credit or a notice, Chinese ones of its role
_FIRM_VALUE = 5  # characters behind a sure role up to which they are a name, whatever words they are

# What is said, and by whom, has a colon, too.
_SPEECH = re.compile(
    r"[曰说问道想唱喊叫答写讲是有在了着的笑哭听看]$|[我你您他她它谁这那哪不没]|^[一第]|^[啊哦喔呀耶嘿哈啦嗯唉噢哎]+$"
    r"|\b(?:[Ii]|[Yy]ou|[Hh]e|[Ss]he|[Mm]e|[Mm]y|[Ss]aid|[Ss]ays|[Ss]ay|[Tt]o|[Tt]he)\b"
)
_SENTENCE = re.compile(
    r"[，。！？!?…]|[我你您他她它谁这那的了着吗呢啊吧呀哦嘛么不没很]"
    r"|\b(?:is|are|was|i|i'm|you|my|me|the|it|it's|don't|never|to|in|all)\b",
    re.I,
)
_SOUND = re.compile(r"(.)\1\1|[咚滴答嘟呜哗啦叮当咿砰轰隆哒咔嚓嗒呼]{2}")
_BETWEEN_NAMES = re.compile(r"[\s/、,，;；&＆+·・|@×《》()（）\[\]\"“”–-]+")
_ORGANISATION = r"\S{1,20}(?:音乐|文化|传媒|公司|唱片|娱乐|工作室|录音棚|录音室|乐团|乐队|电台|部)"
_NAME = re.compile(
    rf"[{_HAN}]{{1,4}}|{_ORGANISATION}|[^a-z{_HAN}][^{_HAN}]*|(?:of|and|at|feat|de|van|x)\.?"
    rf"|(?=.*[A-Za-z])(?=.*[{_HAN}]).{{1,12}}"
)
_COMPANY = re.compile(r"\S{2,20}(?:公司|传媒|工作室|集团)|\S{1,12}@\S{2,20}")

_FORBIDDEN, _USE = "(?:不得|禁止|严禁|谢绝|请勿)", "(?:翻唱|翻录|使用|转载|商用|二[改传])"
_PLATFORM = "(?:网易云|QQ|酷狗|酷我|咪咕|腾讯|虾米|千千)音乐"
_IN_NOTICE = re.compile(
    f"未经.*(?:许可|授权|同意|允许|批准).*(?:{_FORBIDDEN}|{_USE}|必究)|{_FORBIDDEN}.{{0,8}}{_USE}|翻唱或使用"
    r"|[翻侵][版权]必究|侵权.{0,4}联系|(?:版|著作?)权所有|著作权(?:人|归|权利)|版权归|享有.{0,12}著作权"
    r"|ights [Rr]eserved"
    r"|(?:正版|已|获).{0,2}授权|[Uu]sed by permission|本(?:歌?曲|作品).{0,8}(?:使用|采用|授权|改编|原创|首发)"
    rf"|{_PLATFORM}(?:\S*[\s·•]|.{{0,8}}(?:计划|企划|出品|独家|首发))|QQ群|公众号[「“【]"
    r"|https?://|www\.\w+\.|[\w.-]+@[\w-]+\.\w{2,}"
    r"|歌词.{0,2}由.*(?:提供|上传|制作|翻译)|歌词组|(?<![A-Za-z])(?:LRC|lrc)(?![A-Za-z])"
)
_NOTICE = re.compile(
    r"\W*(?:[此本该]?歌?曲?[为是]?(?:没有填词的)?纯音乐.{0,4}请您?欣赏|[此本该]?(?:歌曲)?暂无歌词)\W*"
    r"|\W*[此本该]?歌曲来自.{0,20}"
    r"|\W*感谢.{1,16}(?:提供|制作|上传|分享|贡献|修正).{0,2}歌词.*|.{0,4}更多.{0,8}歌词.*"
    r"|\W*(?:©|℗|\([CcPp]\)|[Cc]opyright\b)\W*.*\d{4}.*|[-=*_#~～—]{3,}"
    r"|(?:Sorry, )?(?:[Nn]o )?[Ll]yrics (?:are )?(?:currently )?(?:not )?(?:yet )?(?:found|(?:un)?available)\W*"
    r"|\d+ Contributors?.*|You might also like|\d*Embed|See .* LiveGet tickets.*|Translations"
)
_END = re.compile(r"[\W_]*(?:end|fin|完|全文完|[剧劇][终終])[\W_]*", re.I)
_SITE_TITLE = re.compile(r".{1,60} Lyrics")
# All that the patterns above find has one of these signs, or one of these words; but for the end of a song.
SIGNS = ":：∶︰﹕|｜丨@©℗"
_SIGN_WORDS = """
    作词 作曲 词作 编曲 填词 词曲 制作 监制 录音 混音 母带 合出品 纯音 歌词 歌曲 版权 作权 侵权 未经 翻唱 翻录 使用
    转载 商用 二改 必究 授权 本作品 公司 传媒 工作室 集团 网易云音乐 QQ音乐 QQ群 公众号 酷狗 酷我 咪咕 腾讯音乐 虾米
    千千 by˽ By˽ BY˽ ed˽at˽ ed˽At˽ ng˽at˽ OP˽ SP˽ ISRC LRC lrc opyright ights˽ permission Embed Lyrics lyrics˽
    Contributor
    might˽also tickets Translations Staff http www ˽-˽ ˽–˽ ˽—˽ --- === *** ___ ~~~ ～～～ ——— ###
""".replace("˽", "\0").split()
WORDS = frozenset(
    word.replace("\0", " ") for words in _SIGN_WORDS for word in (words, words.translate(_TO_TRADITIONAL))
)


class Kind(enum.Enum):
    """What a line looks like by itself."""

    SUNG = enum.auto()
    MARK = enum.auto()  # an ID tag or a notice
    SURE = enum.auto()  # a credit, whatever stands beside it
    LIKELY = enum.auto()  # a role that may be sung, and names
    NAMED = enum.auto()  # any label, and names
    POSSIBLE = enum.auto()  # a label, and what is perhaps a name


_BESIDE = frozenset([Kind.MARK, Kind.SURE, Kind.LIKELY])


def is_notice(line: str, *, is_first: bool = False) -> bool:
    """Whether a line is what a publisher, a player or a site adds, perhaps at the beginning of a song only."""
    if len(line) > LONGEST:
        return False
    words = line.strip().translate(_TO_SIMPLIFIED)
    is_site_title = is_first and _SITE_TITLE.fullmatch(words) is not None
    return is_site_title or bool(_IN_NOTICE.search(words) or _NOTICE.fullmatch(words))


def is_end(line: str) -> bool:
    """Whether a line that is the last one of a song says no more than that."""
    return _END.fullmatch(line) is not None


def may_name_a_singer(label: str) -> bool:
    """Whether a label may be a name: neither a role nor what introduces speech."""
    label = label.translate(_TO_SIMPLIFIED)
    return not _SPEECH.search(label) and _strength(label) is Kind.SUNG


def kind_of(line: str) -> Kind:
    """Return what a line looks like that is no notice."""
    words = line.strip(_WRAPPING).translate(_TO_SIMPLIFIED)
    if not words or len(words) > LONGEST:
        return Kind.SUNG
    match = _BY.fullmatch(words) or _LABELLED.fullmatch(words) or _PLAIN.fullmatch(words)
    if not match:
        is_company = _COMPANY.fullmatch(words) is not None and _are_names(words)
        return Kind.NAMED if is_company or _strength(words) is Kind.SURE else Kind.SUNG
    role, value = match["role"], match["value"].strip()
    strength = _strength(role)
    if match.re is _PLAIN and (strength is not Kind.SURE or not _are_names(value)):
        return Kind.SUNG
    if strength is Kind.SUNG:
        return _unknown(role, value)
    is_sentence = _SENTENCE.search(value) is not None
    if strength is Kind.SURE and (not is_sentence or len(value) < _FIRM_VALUE or match.re is _BY):
        return Kind.SURE
    second = _SECOND.search(value)
    if second and _strength(second["role"]) is not Kind.SUNG and not is_sentence:
        return Kind.SURE
    return Kind.LIKELY if not value or _are_names(value) else Kind.POSSIBLE


def _unknown(role: str, value: str) -> Kind:
    """The kind of a line with any label."""
    is_label = len(_ENGLISH.sub("", role)) <= _LONGEST_ROLE and not _SPEECH.search(role)
    if not value or not is_label or _SENTENCE.search(value):
        return Kind.SUNG
    return Kind.NAMED if _are_names(value) else Kind.POSSIBLE


@functools.lru_cache(maxsize=4096)
def _strength(role: str) -> Kind:
    """How sure it is that a label is a role: SURE, LIKELY, or SUNG for none."""
    chinese, english = _NO_HAN.sub("", role), _ENGLISH.findall(role.lower())
    is_chinese = bool(chinese) and _ROLE.fullmatch(chinese) is not None
    is_english = bool(english) and _ENGLISH_ROLES.issuperset(english) and not _SPEECH.search(chinese)
    if is_chinese or is_english:
        is_sure = (is_chinese and _SURE.search(chinese)) or (is_english and _SURE_ENGLISH.search(role.lower()))
        return Kind.SURE if is_sure else Kind.LIKELY
    is_compound = 2 < len(chinese) <= _LONGEST_ROLE and _SURE.search(chinese) and not _SPEECH.search(role)
    return Kind.LIKELY if is_compound else Kind.SUNG


def _are_names(value: str) -> bool:
    """Whether all that a value consists of are names of people, companies or studios."""
    if _SENTENCE.search(value) or _SOUND.search(value):
        return False
    return all(_NAME.fullmatch(part) for part in _BETWEEN_NAMES.split(value) if part)


def find(lines: Sequence[str], kinds: Mapping[int, Kind]) -> list[int]:
    """Return the numbers of the lines of a song that are credits, by the kinds of those that do not look sung."""
    if not any(kind in _BESIDE for kind in kinds.values()):
        return []
    kinds = _with_title(lines, kinds)
    blocks: list[list[int]] = []
    end = -1  # of the block
    for number in sorted(kinds):
        if not blocks or any(lines[end + 1 : number]):
            blocks.append([])
        blocks[-1].append(number)
        end = number
    starts, ends = (
        not any(lines[: blocks[0][0]]),
        not any(lines[end + 1 :]),
    )  # whether blocks do so at those of the song
    return [
        number
        for block in blocks
        for number in _of_block(
            block, kinds, at_start=starts and block is blocks[0], at_end=ends and block is blocks[-1]
        )
    ]


def _with_title(lines: Sequence[str], kinds: Mapping[int, Kind]) -> Mapping[int, Kind]:
    """The kinds, and that of a first line that has the title and the singer, if a credit follows."""
    shown = (number for number, line in enumerate(lines) if line and kinds.get(number) is not Kind.MARK)
    first, second = next(shown, -1), next(shown, -1)
    is_title = kinds.get(second) in (Kind.SURE, Kind.LIKELY) and _TITLE.fullmatch(lines[first])
    return {**kinds, first: Kind.LIKELY} if is_title else kinds


def _of_block(block: list[int], kinds: Mapping[int, Kind], *, at_start: bool, at_end: bool) -> list[int]:
    """The credits among lines in a row of which none looks sung."""
    strong = sum(kinds[number] in _BESIDE for number in block)
    is_certain = strong > 1 and any(kinds[number] is Kind.SURE for number in block)
    doubtful = (Kind.POSSIBLE,) if is_certain else (Kind.POSSIBLE, Kind.NAMED)
    while block and not at_start and kinds[block[0]] in doubtful:
        block = block[1:]
    while block and not at_end and kinds[block[-1]] in doubtful:
        block = block[:-1]
    are_credits = strong > 1 or (strong == 1 and (at_start or at_end))
    return [n for n in block if kinds[n] is Kind.SURE or (are_credits and kinds[n] is not Kind.MARK)]
