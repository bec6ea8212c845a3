"""docs/vendors.md: the providers of this project, their forms, and what their feeds do. To write it: `make derive`."""

from collections.abc import Iterator, Sequence
from inspect import cleandoc
from typing import Any, Final

from pydantic import BaseModel

from connectors.providers import forms
from connectors.providers.bundled import BUNDLED
from connectors.providers.declared.form import FormField
from connectors.providers.declared.provider import Provider
from connectors.providers.declared.scope import Scope
from connectors.providers.forms import Shape
from connectors.providers.registry import Registry

_HEAD: Final = """\
# The providers that come with it

They stand in the order in which their feeds run. Each has two forms: its settings, once for the store,
which are verified with the vendor before they count, and a feed, as many as are wanted. Besides what stands here a feed
has a name, its events, conditions, variants and whether it is enabled.

A run may be repeated: after a failure that passes (no answer, 429, 5xx), after a worker died, by hand. Each provider
comes to the same state then. E-mail addresses are compared without blanks around them and in small letters; where there
is none, or none that is valid, the run is skipped, and its log says so. A dry run shows every call and makes none.
"""
_SCOPES: Final = {Scope.GLOBAL: "the store", Scope.PRODUCT: "products"}


def page() -> str:
    return "\n".join([_HEAD, *("\n".join(_of(provider)) for provider in Registry(BUNDLED))])


def _of(provider: Provider[Any, Any]) -> Iterator[str]:
    yield f"## {provider.title} (`{provider.key}`)\n"
    yield f"{provider.description}\n"
    said = cleandoc(type(provider).__doc__ or "")
    if said:
        yield f"{said}\n"
    yield "| | |\n|---|---|"
    if provider.feed is not None:
        yield f"| Feeds of | {', '.join(_SCOPES[scope] for scope in Scope if scope in provider.scopes)} |"
        yield f"| Undoes | {_undoes(provider.revokes)} |"
    second = "" if provider.caps.per_second is None else f", {provider.caps.per_second:g} a second"
    yield f"| Calls of one credential | {provider.caps.at_once} at once{second} |"
    if provider.addon is not None:
        yield f"| Add-on | `{provider.addon}` |"
    yield ""
    for name, model in (("Settings", provider.settings), ("Feed", provider.feed)):
        if model is not None:
            yield f"### {name} of {provider.title}\n"
            yield from _table(model)
            yield ""


def _undoes(revokes: bool | None) -> str:
    if revokes is None:
        return "never"
    return f"when the feed says `watch_on_access_revoke`, which a new one {'does' if revokes else 'does not'}"


def _table(model: type[BaseModel]) -> Iterator[str]:
    yield "| Key | Field | Component | What it says |\n|---|---|---|---|"
    for shape in forms.shapes(model):
        yield f"| `{shape.key}` | {_cell(shape.declared.label)} | {shape.declared.component.value} | {_notes(shape)} |"


def _notes(shape: Shape) -> str:
    declared = shape.declared
    notes = [declared.help] if declared.help else []
    if declared.required:
        needed = [one.label for one in declared.primary if one.required]
        notes.append(f"Required: {', '.join(needed)}." if needed else "Required.")
    if shape.secret:
        notes.append("Secret: written, never read back.")
    if source := _source(declared):
        notes.append(source)
    if declared.routing:
        selection, routers = declared.routing
        notes.append(f"`{selection}`: simple or routing; `{routers}` then say which.")
    if shape.default not in (None, "", [], {}, False) and not isinstance(shape.default, dict):
        notes.append(f"Default: {_words(shape.default)}.")
    return _cell(" ".join(notes))


def _source(declared: FormField) -> str:
    key = declared.option_source or declared.route
    if key is None:
        return ""
    hangs = f", of the chosen {' and '.join(f'`{one}`' for one in declared.depends_on)}" if declared.depends_on else ""
    return f"Options: `{key}`{hangs}."


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
