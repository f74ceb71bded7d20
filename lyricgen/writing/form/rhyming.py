"""How the lines of a song must rhyme, and how the end of a line is written again if it does not."""

from __future__ import annotations

import collections
import functools
from collections import Counter
from collections.abc import Mapping

import numpy as np

from lyricgen.errors import OptionError
from lyricgen.writing.form.characters import Characters, Mask
from lyricgen.writing.form.english import is_latin
from lyricgen.writing.form.lines import MAX_LINE_LENGTH, Line
from lyricgen.writing.form.rhyme import FINALS, Rhymer, classes_of, either, is_counted, line_ending
from lyricgen.writing.form.spec import HEARD, Layout
from lyricgen.writing.form.state import FormState, RequiredRhyme
from lyricgen.writing.form.syllables import count_syllables
from lyricgen.writing.form.tones import ANY, NAMES
from lyricgen.writing.form.toning import Toning


class Rhyming:
    """The rhymes of one form with the characters of one vocabulary.

    With ``identical``, lines of one rhyme may end in the same character or word.
    """

    def __init__(self, form: Layout, characters: Characters, *, rhymer: Rhymer, identical: bool) -> None:
        self._form = form
        self._characters = characters
        self._rhymer = rhymer
        self._identical = identical
        # Each object has its own caches, which are freed with it.
        self._count_needed = functools.cache(self._count_needed_endings)
        self._first_of_rhyme = functools.cache(self._characters_of_new_rhyme)

    def check(self, toning: Toning) -> None:
        """OptionError if too few characters of the vocabulary rhyme, with the tones that the ends of the lines have."""
        lines: dict[str, list[Line]] = collections.defaultdict(list)
        for line in self._form.lines:
            if line.rhyme:
                lines[line.rhyme].append(line)
        checked = set()
        for rhyme, rhyming in lines.items():
            example, is_endless = self._form.rhyme_example(rhyme), rhyme in self._form.endless
            tones = Counter(line.tones[-1:] or ANY for line in rhyming[: 1 if is_endless else None])
            kind = (example, rhyming[0].rhyming, *sorted(tones.items()))
            if kind not in checked:
                checked.add(kind)
                self._check_endings(rhyme, example, tones, toning)
            if rhyming[0].rhyming > 1 and not self._characters.class_masks:
                raise OptionError("--rhyme: this model knows no Chinese characters, of which two or three could rhyme")

    def _check_endings(self, rhyme: str, example: str, tones: Counter[str], toning: Toning) -> None:
        """OptionError if no class has enough endings for the lines of a rhyme; ``tones``: how many lines have each."""
        required = self._class_of(example) if example else ""
        if example and not required:
            raise OptionError(f"--rhyme-with: no dictionary contains {example}")
        needed = {ANY: sum(tones.values()), **{tone: count for tone, count in tones.items() if tone != ANY}}
        if self._identical:
            needed = dict.fromkeys(needed, 1)
        classes = [required] if required else list(self._characters.class_masks)
        endings = [{tone: self._count_endings(name, tone, toning) for tone in needed} for name in classes]
        if not endings or any(all(known[tone] >= needed[tone] for tone in needed) for known in endings):
            return
        tone = min(needed, key=lambda tone: max(known[tone] for known in endings) - needed[tone])
        which = f"lines of {rhyme}" if tone == ANY else f"lines of {rhyme} that end in {NAMES[tone]}"
        most = max(known[tone] for known in endings)
        raise OptionError(
            f"--rhyme: {needed[tone]} {which} must rhyme, but this model knows at most {most} such endings that rhyme "
            f"with {example or 'each other'}" + ("" if self._identical else "; --rhyme-identical allows equal endings")
        )

    def _count_endings(self, rhyme_class: str, tone: str, toning: Toning) -> int:
        if tone == ANY:
            return self._characters.count_endings(rhyme_class)
        mask = self._characters.class_masks.get(rhyme_class, self._characters.none)
        return int(np.count_nonzero(mask & toning.possible(tone)))

    @functools.cached_property
    def needs_drafts(self) -> bool:
        """Whether some line must rhyme whose last character is not known as the last one before it is written."""
        return bool(self._form.scheme) and (None in self._form.lengths or not self._characters.class_masks)

    def required(self, state: FormState) -> RequiredRhyme | None:
        """What the current line must end in; None if it need not rhyme, or is the first of its rhyme and may choose."""
        rhyme = state.line.rhyme
        if rhyme is None:
            return None
        if rhyme in state.rhymes:
            return state.rhymes[rhyme]
        example = self._form.rhyme_example(rhyme)
        return RequiredRhyme(self._class_of(example)) if example else None

    def _class_of(self, example: str) -> str:
        """The class of what lines are to rhyme with, or of a final, as ang or ian (v for ü); empty if it has none."""
        final = example.lower().replace("ü", "v")
        is_final = final in FINALS and bool(self._characters.class_masks)
        return self._rhymer.of_final(final) if is_final else either(self._rhymer.classes_of_line(example))

    def with_line(self, state: FormState) -> Mapping[str, RequiredRhyme]:
        """The rhymes of the song that matter still, once the current line has ended."""
        number, rhyme = len(state.lines), state.line.rhyme
        rhymes = {
            name: required for name, required in state.rhymes.items() if self._form.last_line(name) + HEARD >= number
        }
        if rhyme is not None:
            used = state.rhymes[rhyme].used_endings if rhyme in state.rhymes else ()
            classes, before = self._classes(state)
            required = self.required(state)
            common = classes & classes_of(required.rhyme_class) if required else classes
            known = tuple(name for name in before if name)
            known = known if len(known) == len(before) else ()
            rhymes[rhyme] = RequiredRhyme(either(common or classes), (*used, line_ending(state.text)), known)
        return rhymes

    def _classes(self, state: FormState) -> tuple[frozenset[str], tuple[str | None, ...]]:
        """The classes of the end of the current line, and that of each character before it that rhymes, too."""
        count = state.line.rhyming - 1
        before = self._rhymer.before_last(state.text, count) if count else ()
        return self._rhymer.classes_of_line(state.text), before

    def is_satisfied(self, state: FormState) -> bool:
        """Whether the current line rhymes as it must, if it ends here."""
        rhyme = state.line.rhyme
        if rhyme is None:
            return True
        (classes, before), required = self._classes(state), self.required(state)
        if None in before or len(before) < state.line.rhyming - 1:
            return False
        if required is not None:
            is_new = self._identical or line_ending(state.text) not in required.used_endings
            rhymes = not classes.isdisjoint(classes_of(required.rhyme_class))
            return is_new and rhymes and required.before[: len(before)] in ((), before)
        if not classes:
            return self._count_needed(rhyme) == 1
        if classes & self._classes_of_other_letters(state, rhyme):
            return False
        return self._characters.count_endings(either(classes)) >= self._count_needed(rhyme)

    def next_characters(self, state: FormState) -> Mask | None:
        """The next counted characters (V,) with which the line may rhyme; None if it may have any."""
        left = state.left
        if state.line.rhyme is None or left is None or not 0 < left <= state.line.rhyming:
            return None
        if left == 1:
            return self.final_characters(state)
        required = self.required(state)
        if required and len(required.before) >= left - 1:
            return self._characters.alone_masks.get(required.before[left - 2], self._characters.none)
        with_class = {name: mask for name, mask in self._characters.alone_masks.items() if name}
        return functools.reduce(np.logical_or, with_class.values(), self._characters.none)

    def final_characters(self, state: FormState) -> Mask | None:
        """The next counted characters (V,) with which the line would rhyme, by the readings that they have there.

        None if the line rhymes by a word or not at all.
        """
        rhyme, required = state.line.rhyme, self.required(state)
        if rhyme is None or not self._characters.class_masks:
            return None
        if required is None:
            found = self._first_of_rhyme(self._classes_of_other_letters(state, rhyme), self._count_needed(rhyme))
        elif required.rhyme_class not in self._characters.class_masks:
            return None
        else:
            found = self._characters.alone_masks.get(required.rhyme_class, self._characters.none)
            if not self._identical:
                found = found & ~self._characters.only("".join(required.used_endings))
        return self._read_in_phrases(found, state, required.rhyme_class if required else None)

    def _read_in_phrases(self, found: Mask, state: FormState, rhyme_class: str | None) -> Mask:
        """Correct those that end a phrase with the last character of the line."""
        ids = self._characters.ids_in_phrases(state.text[-1:], rhyme_class)
        if not ids:
            return found
        corrected = found.copy()
        for char_id in ids:
            character = self._characters.id_to_char[char_id]
            corrected[char_id] = self.is_satisfied(state._replace(text=state.text + character))
        return corrected

    def _characters_of_new_rhyme(self, excluded: frozenset[str], needed: int) -> Mask:
        """Those whose class is not excluded, and has as many endings as needed."""
        found = self._characters.none
        for name, mask in self._characters.alone_masks.items():
            enough = needed == 1 if name is None else self._characters.count_endings(name) >= needed
            if enough and name not in excluded:
                found = found | mask
        return found

    def _classes_of_other_letters(self, state: FormState, rhyme: str) -> frozenset[str]:
        """The classes of the other rhymes that are heard beside this one."""
        near = self._form.rhymes_near(rhyme)
        others = (required for name, required in state.rhymes.items() if name in near)
        return frozenset[str]().union(*(classes_of(required.rhyme_class) for required in others))

    def _count_needed_endings(self, rhyme: str) -> int:
        """How many different endings the lines of a rhyme need."""
        return 1 if self._identical else self._form.count_rhyming_lines(rhyme)

    def rewrite_ending(self, draft: FormState, start: FormState, *, ahead: int, spare: int | None) -> FormState:
        """The beginning of a line whose draft does not rhyme. All but its end becomes the forced text.

        An English word is replaced by a word that rhymes, else the last ``ahead`` counted characters are written again.
        ``start`` is the state at the beginning of the line, or after the prefix. The line may become ``spare``
        characters longer than its draft; None if there is no limit.
        """
        required = self.required(start)
        words = self._characters.spellable_words(required.rhyme_class) if required else ()
        ending = line_ending(draft.text)
        cut, kept = draft.text.lower().rfind(ending), len(start.text)
        if required is None or not words or cut < kept:
            cut = max(kept, _start_of_last(draft.text, ahead))
            return start._replace(forced_text=start.forced_text + draft.text[kept:cut], target=draft.counted)
        longest = len(ending) + (MAX_LINE_LENGTH if spare is None else spare)
        used = () if self._identical else required.used_endings
        rests = tuple(word for word in words if word not in used and _fits(word, draft, cut=cut, longest=longest))
        return start._replace(forced_text=start.forced_text + draft.text[kept:cut], word_rests=rests)


def _fits(word: str, draft: FormState, *, cut: int, longest: int) -> bool:
    """Whether a line may have this word instead of the end of its draft."""
    if draft.line.syllables is not None:
        return count_syllables(draft.text[:cut] + word) == draft.line.syllables
    if draft.target is None:
        return len(word) <= longest
    return _count(word) == draft.target - _count(draft.text[:cut])


def _count(text: str) -> int:
    return sum(map(is_counted, text))


def _start_of_last(text: str, count: int) -> int:
    """Where the last ``count`` counted characters begin, or the English word that would be cut there."""
    counted = [position for position, character in enumerate(text) if is_counted(character)]
    start = counted[-count] if len(counted) >= count else 0
    while start > 0 and is_latin(text[start]) and is_latin(text[start - 1]):
        start -= 1
    return start
