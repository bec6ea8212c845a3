"""Templates: read once, kept, and rendered as often as something happens."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from db.integration.template import catalogue
from db.integration.template.context import Context, Group
from db.integration.template.escaping import ESCAPES, Target
from db.integration.template.failure import Budget
from db.integration.template.syntax import Mark, Problem, Reason, Tag, pieces
from db.integration.template.transformer import OF_TEXT, WITH_ARGUMENT, is_known
from db.integration.template.value import Rich, is_empty, shown

# Of the longest each, 32 MiB: more texts than a store has feeds for, and less memory than anybody misses.
_KEPT: Final = 512
SERIAL: Final = "sl"  # of every row of a loop: its place, from 1


@dataclass(frozen=True, slots=True)
class Section:
    """What is said once for each row of a group."""

    group: str
    parts: tuple[str | Tag, ...]


Part: TypeAlias = str | Tag | Section


@dataclass(frozen=True, slots=True)
class Template:
    """`codes` are those that there are, in their order, with where they stand; `problems` what means nothing and stays
    as it is."""

    text: str
    parts: tuple[Part, ...]
    codes: tuple[Tag, ...]
    problems: tuple[Problem, ...]

    @property
    def groups(self) -> frozenset[str]:
        """The groups that are asked for values: what names none of a subscription need not have one read."""
        return frozenset(code.group for code in self.codes)

    def render(self, context: Context, target: Target = Target.TEXT, budget: Budget | None = None) -> str:
        """The text with its values, each escaped for where it goes; a value is never read as a template. Raises
        TemplateError where it grows beyond the budget, or a value does not belong there."""
        return "".join(_Rendering(context, target, budget or Budget()).said(self.parts))


class _Rendering:
    def __init__(self, context: Context, target: Target, budget: Budget) -> None:
        self._context = context
        self._target = target
        self._escape: Callable[[str], str] = ESCAPES[target]
        self._budget = budget
        self._loops: dict[str, Sequence[Group]] = {}

    def said(self, parts: Sequence[Part], row: tuple[str, int, Group] | None = None) -> Iterator[str]:
        for part in parts:
            self._budget.step()
            if isinstance(part, str):
                yield self._budget.write(part)
            elif isinstance(part, Tag):
                yield self._budget.write(self._value(part, row))
            else:
                for number, each in enumerate(self._rows(part.group), start=1):
                    yield from self.said(part.parts, (part.group, number, each))

    def _value(self, tag: Tag, row: tuple[str, int, Group] | None) -> str:
        value = self._read(tag, row)
        if isinstance(value, Rich) and self._target is Target.HTML and value.text and not tag.transformer:
            return value.html
        empty = is_empty(value)
        text = tag.default if empty else shown(value)
        if (of_text := OF_TEXT.get(tag.transformer)) is not None:
            text = of_text(text)
        elif not empty and (with_argument := WITH_ARGUMENT.get(tag.transformer)) is not None:
            text = with_argument(text, tag.argument)
        return self._escape(text)

    def _read(self, tag: Tag, row: tuple[str, int, Group] | None) -> object:
        if catalogue.GROUPS[tag.group].loop:
            if row is None or row[0] != tag.group:
                # Outside its loop a code speaks of the first one.
                first = next(iter(self._rows(tag.group)), None)
                row = None if first is None else (tag.group, 1, first)
            if row is None:
                return None
            return row[1] if tag.key == SERIAL else row[2](tag.key)
        read = self._context.groups.get(tag.group)
        return None if read is None else read(tag.key)

    def _rows(self, group: str) -> Sequence[Group]:
        if group not in self._loops:
            rows = self._context.loops.get(group)
            self._loops[group] = () if rows is None else rows()
        return self._loops[group]


@lru_cache(maxsize=_KEPT)
def compiled(text: str) -> Template:
    """Raises TemplateError where the text is too long or says too many codes. Whatever else it says is a template."""
    return _Compiler(text).template()


def problems(text: str) -> tuple[Problem, ...]:
    """What of a text means nothing, in its order. Raises TemplateError as `compiled`."""
    return compiled(text).problems


class _Compiler:
    def __init__(self, text: str) -> None:
        self._text = text
        self._parts: list[Part] = []
        self._codes: list[Tag] = []
        self._problems: list[Problem] = []
        self._opened: Mark | None = None
        self._inside: list[str | Tag] = []  # of the loop that is open

    def template(self) -> Template:
        for piece in pieces(self._text):
            if isinstance(piece, Mark):
                self._mark(piece)
            elif isinstance(piece, Tag):
                self._tag(piece)
            else:
                self._say(piece)
        self._give_up()
        found = sorted(self._problems, key=lambda problem: problem.position)
        return Template(self._text, tuple(self._parts), tuple(self._codes), tuple(found))

    def _say(self, part: str | Tag) -> None:
        (self._parts if self._opened is None else self._inside).append(part)

    def _refuse(self, piece: Tag | Mark, reason: Reason) -> None:
        self._problems.append(Problem(piece.source, piece.position, reason))

    def _tag(self, tag: Tag) -> None:
        if not catalogue.knows(tag.group, tag.key):
            self._refuse(tag, Reason.UNKNOWN_CODE)
            self._say(tag.source)
            return
        if not is_known(tag.transformer):
            self._refuse(tag, Reason.UNKNOWN_TRANSFORMER)
        self._codes.append(tag)
        self._say(tag)

    def _mark(self, mark: Mark) -> None:
        found = catalogue.GROUPS.get(mark.group)
        if found is None or not found.loop:
            self._stay(mark, Reason.NO_LOOP)
        elif mark.opens and self._opened is None:
            self._opened = mark
        elif mark.opens:
            self._stay(mark, Reason.INSIDE_A_LOOP)
        elif self._opened is None or self._opened.group != mark.group:
            self._stay(mark, Reason.NOT_OPENED)
        else:
            self._parts.append(Section(mark.group, tuple(self._inside)))
            self._opened, self._inside = None, []

    def _stay(self, mark: Mark, reason: Reason) -> None:
        self._refuse(mark, reason)
        self._say(mark.source)

    def _give_up(self) -> None:
        """A loop that is never closed is none: what it held is said once."""
        if self._opened is not None:
            self._refuse(self._opened, Reason.NOT_CLOSED)
            self._parts += [self._opened.source, *self._inside]
            self._opened, self._inside = None, []
