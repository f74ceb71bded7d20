"""Where a song stands in its form, and what may come next there so that it can still be kept."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lyricgen.errors import OptionError
from lyricgen.text.prompt import line_start
from lyricgen.text.vocabulary import UNKNOWN, Vocabulary
from lyricgen.writing.form.rhyme import Rhymer, is_sung, last_sung
from lyricgen.writing.form.spec import Form, Line, Rhyme

Trie = Mapping[str, Any]  # character -> the trie of what follows; "" where a word may end
LONGEST = 256  # characters sung of a line whose length nothing says
_MOST_REST = 2  # characters in a row that are not sung
_OPENING, _CLOSING = ("Ps", "Pi"), ("Pe", "Pf", "Po")  # Unicode categories of punctuation
_NO_MORE: Trie = {"": {}}
Mask = NDArray[np.bool_]


class Ending(NamedTuple):
    """What lines of one rhyme have ended in so far."""

    name: str
    lasts: tuple[str, ...]


class Place(NamedTuple):
    """Where a song stands. ``written`` is all of it after the prefix, in the model's own line ends."""

    written: str = ""
    left: int | None = None  # characters that may still be written
    lines: tuple[str, ...] = ()  # those ended
    text: str = ""  # the line so far
    sung: int = 0  # of its characters
    rest: int = 0  # characters in a row at its end that are not sung
    target: int | None = None  # characters to be sung in it
    script: str = ""  # what must come next
    is_copy: bool = False  # the script is the whole line
    word: Trie | None = None  # of the rhyming words, once the script has been written: how the last one may go on
    rhymes: Mapping[Rhyme, Ending] = {}
    is_done: bool = False


class Wanted(NamedTuple):
    """What may come next: ``forced``, or a character of the mask that is not in ``without``."""

    forced: str = ""
    mask: tuple[Any, ...] = ()
    without: tuple[str, ...] = ()


class Verse:
    """A form over a vocabulary."""

    def __init__(self, form: Form, vocabulary: Vocabulary, *, rhymer: Rhymer, identical: bool = False) -> None:
        self.form = form
        self._identical = identical
        self._vocabulary = vocabulary
        self.line_end = line_start(vocabulary)
        self.is_free = not form.asks_for_lines and not form.until_blank
        if self.line_end not in vocabulary and not self.is_free:
            raise OptionError("--lines and the like: this model knows no line ends; its training text had none")
        self._rhymer = rhymer
        self._signs = vocabulary.id_to_char
        self._kinds = self._sort()
        self._masks: dict[tuple[Any, ...], Mask] = {}
        # Caches of this verse alone, which go when it goes.
        self._line = functools.cache(form.line)
        self._later = functools.cache(self._count_later)
        self._words = functools.cache(self._find_words)
        self._room = functools.cache(self._count_endings)
        self._partners = functools.cache(self._count_partners)
        if form.scheme:
            self._check_rhymes()

    # -- what the vocabulary has

    def _sort(self) -> dict[str, Mask]:
        """Which ids are sung, rest (anywhere within a line), open or close it, or end it."""
        kinds = {name: np.zeros(len(self._signs), bool) for name in ("sung", "rest", "open", "close", "end")}
        for char_id, character in enumerate(self._signs[1:], 1):
            category = unicodedata.category(character)
            if character == self.line_end:
                kinds["end"][char_id] = True
            elif is_sung(character):
                kinds["sung"][char_id] = True
            elif character not in "\n\t":
                kinds["rest"][char_id] = True
                kinds["open"][char_id] = category in _OPENING
                kinds["close"][char_id] = category in _CLOSING
        return kinds

    @functools.cached_property
    def classes(self) -> dict[str, frozenset[str]]:
        """The classes of rhyme of every character that has any (in any of its readings)."""
        sung = (sign for sign, counts in zip(self._signs, self._kinds["sung"]) if counts)
        return {sign: self._rhymer.of_character(sign) for sign in sung}

    def _count_endings(self, name: str) -> int:
        """How many different endings a class has."""
        return int(np.count_nonzero(self.members.get(name, 0))) + len(self._words(name))

    def _find_words(self, name: str) -> tuple[str, ...]:
        """The English words of a class that the vocabulary can spell."""
        return tuple(word for word in sorted(self._rhymer.words(name)) if all(c in self._vocabulary for c in word))

    def _check_rhymes(self) -> None:
        """OptionError for rhymes that this vocabulary cannot have."""
        letters = len(self.form.scheme)  # each repetition asks for the same
        for number in range(min(self.form.count or letters, letters)):
            rhyme = self._line(number).rhyme
            if rhyme is None:
                continue
            wanted = 1 if self._identical else self.form.partners(rhyme)
            sound = self.form.sound(rhyme)
            name = self._rhymer.of_line(sound) if sound else None
            if sound and name is None:
                raise OptionError(f"--rhyme-with: {sound} is in no dictionary of readings")
            rooms = [self._room(each) for each in ([name] if name else self.members)]
            if max(rooms, default=wanted) < wanted:
                known = f"{max(rooms)} that rhyme with {sound}" if sound else f"{max(rooms)} that rhyme"
                raise OptionError(
                    f"--rhyme: {wanted} lines are to rhyme, but of this model's characters there are only {known}"
                    + ("" if self._identical else "; --rhyme-identical lets them end alike")
                )

    # -- the way through a song

    def start(self, prefix: str, length: int | None) -> Place:
        """Where a song stands after its prefix, as the model was taught to read it; ``length`` is what may follow.

        Raises
        ------
        OptionError
            The prefix breaks the form already, or the form takes more characters than ``length``.
        """
        place = self._begin(Place())
        for character in prefix:
            place = self._read(place, character)
        place = place._replace(written="", left=length)
        least = self._needed(place)
        if length is not None and least > length:
            raise OptionError(f"--length: {length} characters are too few; what is asked for takes {least} at least")
        return place

    def _read(self, place: Place, character: str) -> Place:
        """One more character of a prefix."""
        number = len(place.lines) + 1
        if place.is_done or (place.script and character != place.script[0]):
            raise OptionError(f"--prefix: its line {number} is not what the song must have there")
        if character == self.line_end and not self.is_free and not place.script:
            self._check_prefix_line(place, number)
            return self.after(place, character)
        first = self._asked(place).first
        if first and not place.text and not place.script and character != first:
            raise OptionError(f"--prefix: its line {number} begins with {character}, not with {first}")
        place = self.after(place, character)
        if place.target is not None and place.sung > place.target:
            raise OptionError(f"--prefix: its line {number} is longer than the {place.target} characters asked for")
        return place

    def _check_prefix_line(self, place: Place, number: int) -> None:
        if not place.sung or (place.target is not None and place.sung < place.target):
            raise OptionError(f"--prefix: its line {number} is shorter than what is asked for")
        if not self.rhymes(place):
            raise OptionError(f"--prefix: its line {number} does not end in the rhyme that is asked for")

    def _begin(self, place: Place) -> Place:
        """At the beginning of a line, past a blank one if need be."""
        if self.is_free:
            return place
        line = self._line(len(place.lines))
        script = self.line_end if line.blank else ""
        if line.again is not None:
            script += place.lines[line.again]
        return place._replace(target=line.length, script=script, is_copy=line.again is not None)

    def after(self, place: Place, character: str) -> Place:
        """Where the song stands after one more character."""
        left = None if place.left is None else place.left - 1
        written = place.written + character
        if character == self.line_end and not place.script:
            place = place._replace(left=left, written=written)
            if place.text or self.is_free:
                return self._end_line(place)
            return place._replace(is_done=True, written=written.rstrip(self.line_end))  # the model left it blank
        if character == self.line_end and not place.text:  # a blank line that is asked for
            return place._replace(left=left, written=written, script=place.script[1:])
        sung = is_sung(character)
        return place._replace(
            written=written,
            left=left,
            text=place.text + character,
            sung=place.sung + sung,
            rest=0 if sung else place.rest + 1,
            script=place.script[1:],
            word=place.word if place.script else place.word and place.word.get(character.lower(), _NO_MORE),
        )

    def _end_line(self, place: Place) -> Place:
        line = self._asked(place)
        rhymes = place.rhymes
        if line.rhyme and line.again is None:
            name = self._rhymer.of_line(place.text) or ""
            lasts = rhymes[line.rhyme].lasts if line.rhyme in rhymes else ()
            rhymes = {**rhymes, line.rhyme: Ending(name, (*lasts, last_sung(place.text)))}
        place = place._replace(
            lines=(*place.lines, place.text), text="", sung=0, rest=0, word=None, rhymes=rhymes, is_copy=False
        )
        if self._is_last(len(place.lines), place.left, place.lines):
            return place._replace(is_done=True, target=None, written=place.written[: -len(self.line_end)])
        return self._begin(place)

    def _asked(self, place: Place) -> Line:
        return Line() if self.is_free else self._line(len(place.lines))

    def _is_last(self, number: int, left: int | None, lines: Sequence[str]) -> bool:
        """Whether the line that has just ended, the ``number``-th, is the last one."""
        if self.is_free:
            return False
        if self.form.count is not None:
            return number >= self.form.count
        if left is None or number < len(self.form.acrostic):
            return False
        line = self._line(number)
        return left < (line.length or max(map(len, lines))) + line.blank

    def ends_song(self, place: Place) -> bool:
        """Whether a line end here ends the song and is not printed."""
        left = None if place.left is None else place.left - 1
        return self._is_last(len(place.lines) + 1, left, (*place.lines, place.text))

    def _needed(self, place: Place) -> int:
        """The fewest characters that bring the song to an end that is allowed."""
        if self.is_free or place.is_done:
            return 0
        number = len(place.lines)
        here = max(place.target - place.sung, 0) if place.target is not None else int(not place.sung)
        return max(here, len(place.script)) + self._later(number)

    def _count_later(self, number: int) -> int:
        """The fewest characters that the lines after this one take."""
        last = self.form.count if self.form.count is not None else len(self.form.acrostic)
        lines = [self._line(later) for later in range(number + 1, last)]
        return sum(1 + line.blank + (line.length or 1) for line in lines)

    def is_over(self, place: Place) -> bool:
        """Whether nothing more is to be written."""
        return place.is_done or (self.is_free and place.left == 0)

    def is_line(self, place: Place) -> bool:
        """Whether a line end here would end a line of the form."""
        return bool(place.text) and not place.script and not self.is_free

    # -- what may come next

    def wanted(self, place: Place) -> Wanted:
        """What may come next."""
        if place.script:
            return Wanted(place.script[0])
        if self.is_free:
            return Wanted(mask=("any",))
        if place.is_copy:
            return Wanted(self.line_end)
        line = self._line(len(place.lines))
        if not place.text and line.first:
            return Wanted(line.first)
        slack = place.left is None or place.left > self._needed(place)
        if place.word is not None:
            return self._within_word(place.word, place, slack)
        full = place.sung >= (LONGEST if place.target is None else place.target)
        rests = place.rest < _MOST_REST and slack
        ends = full or (place.target is None and place.sung > 0 and not (place.text.endswith(" ") and slack))
        if full:
            return Wanted(mask=("close", "end") if rests else ("end",))
        kinds = ["end"] if ends or (not place.text and self._may_stop(place)) else []
        kinds += (["rest"] if place.text else ["open"]) if rests else []
        if place.target is None and place.sung and not slack:
            return Wanted(mask=("end",))
        if line.rhyme and place.sung + 1 == place.target and self.is_planned(place):
            return self._last(place, line.rhyme, kinds)
        return Wanted(mask=(*kinds, "sung"))

    def _may_stop(self, place: Place) -> bool:
        return self.form.until_blank and self.form.may_end(len(place.lines))

    def _last(self, place: Place, rhyme: Rhyme, kinds: list[str]) -> Wanted:
        """The last character that is sung must rhyme."""
        ending = self.ending(place, rhyme)
        if ending is None:
            return Wanted(mask=(*kinds, ("other", self._taken(place, rhyme), self._partners(rhyme))))
        return Wanted(mask=(*kinds, ("class", ending.name)), without=() if self._identical else ending.lasts)

    def _within_word(self, word: Trie, place: Place, slack: bool) -> Wanted:
        letters = "".join(sorted(key for key in word if key))
        ends = ["end", *(["close"] if slack and place.rest < _MOST_REST else [])] if "" in word else []
        return Wanted(mask=(*ends, ("only", letters, not place.sung)))

    def mask(self, key: tuple[Any, ...]) -> Mask:
        """The ids (V,) that such a wish allows."""
        if key not in self._masks:
            self._masks[key] = self._make(key)
        return self._masks[key]

    def _make(self, key: tuple[Any, ...]) -> Mask:
        allowed = np.zeros(len(self._signs), bool)
        for kind in key:
            if kind == "any":
                allowed[:] = True
            elif isinstance(kind, str):
                allowed |= self._kinds[kind]
            else:
                allowed |= self._such(*kind)
        allowed[UNKNOWN] = False
        return allowed

    def _such(self, kind: str, which: Any, more: Any = None) -> Mask:
        if kind == "only":
            letters = which + which.upper() if more else which
            return np.array([sign != "" and sign in letters for sign in self._signs])
        if kind == "class":
            return self.members.get(which, np.zeros(len(self._signs), bool))
        founders = np.zeros(len(self._signs), bool)
        for name, members in self.members.items():
            if name not in which and self._room(name) >= more:
                founders |= members
        if more == 1:
            founders |= self._kinds["sung"] & ~np.any(list(self.members.values()), axis=0)
        return founders

    @functools.cached_property
    def members(self) -> dict[str, Mask]:
        """The characters (V,) of each class of rhyme."""
        members = {name: np.zeros(len(self._signs), bool) for names in self.classes.values() for name in names}
        for char_id, sign in enumerate(self._signs):
            for name in self.classes.get(sign, ()):
                members[name][char_id] = True
        return members

    # -- rhyme

    @property
    def drafts_rhymes(self) -> bool:
        """Whether a line must rhyme whose end is not known before it is there."""
        return bool(self.form.scheme) and (None in self.form.lengths or not self.members)

    def is_planned(self, place: Place) -> bool:
        """Whether the last characters of the line are known to be the last ones before they are written."""
        if place.target is None or place.is_copy:
            return False
        name = self.class_of(place)
        return self._asked(place).rhyme is None or (bool(self.members) if name is None else name in self.members)

    def mend(self, draft: Place, start: Place, ahead: int) -> Place:
        """The beginning of a line whose draft does not rhyme: all but its end stays, and that is to be written anew."""
        ending = self._settled(start)
        words = self._words(ending.name) if ending else ()
        text, begun = draft.text, len(start.text)  # of a line that a prefix began, that much must stay
        cut = text.lower().rfind(last_sung(text))
        if not words or cut < begun:
            return start._replace(script=text[begun : max(begun, _cut(text, ahead))], target=draft.sung)
        assert ending is not None
        spare = None if draft.left is None else max(0, draft.left - self._needed(draft))
        room = len(last_sung(text)) + (spare if spare is not None else LONGEST)
        lasts = () if self._identical else ending.lasts
        fitting = [word for word in words if word not in lasts and self._fits(word, draft, cut, room)]
        return start._replace(script=text[begun:cut], word=_trie(fitting))

    def _fits(self, word: str, draft: Place, cut: int, room: int) -> bool:
        sung = sum(map(is_sung, word))
        if draft.target is not None:
            return sung == draft.target - sum(map(is_sung, draft.text[:cut]))
        return len(word) <= room

    def ending(self, place: Place, rhyme: Rhyme) -> Ending | None:
        """What lines of this rhyme end in; None if this is the first of them and may choose."""
        if rhyme in place.rhymes:
            return place.rhymes[rhyme]
        sound = self.form.sound(rhyme)
        return Ending(self._rhymer.of_line(sound) or "", ()) if sound else None

    def rhymes(self, place: Place) -> bool:
        """Whether the line, if it ended here, would rhyme as it should."""
        rhyme = self._asked(place).rhyme
        if rhyme is None:
            return True
        name, ending = self._rhymer.of_line(place.text), self.ending(place, rhyme)
        if ending is not None:
            return name == ending.name and (self._identical or last_sung(place.text) not in ending.lasts)
        if name is None:
            return self._partners(rhyme) == 1
        return name not in self._taken(place, rhyme) and self._room(name) >= self._partners(rhyme)

    def class_of(self, place: Place) -> str | None:
        """The class that this line must end in, if that is settled."""
        ending = self._settled(place)
        return ending.name if ending else None

    def _settled(self, place: Place) -> Ending | None:
        """What this line must end in; None if it need not rhyme, or may choose."""
        rhyme = self._asked(place).rhyme
        return self.ending(place, rhyme) if rhyme else None

    def suits(self, place: Place, character: str) -> bool:
        """Whether a character that the mask allows rhymes in this line, too, where it has several readings."""
        if place.sung + 1 != place.target or place.word is not None or not self._asked(place).rhyme:
            return True
        ambiguous = len(self.classes.get(character, ())) > 1
        return not ambiguous or not is_sung(character) or self.rhymes(place._replace(text=place.text + character))

    def _taken(self, place: Place, rhyme: Rhyme) -> frozenset[str]:
        """The classes of the other letters of the same repetition."""
        rivals = (each for each in place.rhymes if each.repetition == rhyme.repetition and each.letter != rhyme.letter)
        return frozenset(place.rhymes[each].name for each in rivals)

    def _count_partners(self, rhyme: Rhyme) -> int:
        """How many different endings the lines of a rhyme need."""
        return min(self.form.partners(rhyme), 2) if self._identical else self.form.partners(rhyme)


def _cut(text: str, ahead: int) -> int:
    """Where the last ``ahead`` characters that are sung begin, or the word that this would cut."""
    places = [place for place, character in enumerate(text) if is_sung(character)]
    cut = places[-ahead] if len(places) >= ahead else 0
    while (
        cut > 0 and text[cut].isascii() and text[cut].isalpha() and text[cut - 1].isascii() and text[cut - 1].isalpha()
    ):
        cut -= 1
    return cut


def _trie(words: Iterable[str]) -> Trie:
    root: dict[str, Any] = {}
    for word in words:
        node = root
        for letter in word:
            node = node.setdefault(letter, {})
        node[""] = {}
    return root
