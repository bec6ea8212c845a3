"""The providers that a process has: those of this project, and those that installed packages bring."""

import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, TypeAlias

from connectors.providers import forms
from connectors.providers.bundled import BUNDLED
from connectors.providers.declared.provider import Provider

GROUP: Final = "storegraph.providers"
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{1,63}")

AnyProvider: TypeAlias = Provider[Any, Any]


class BadProvider(Exception):
    """A provider cannot be used as it is declared; the text is a line for whoever installed it."""


class Registry:
    """Providers by key, in the order in which their feeds run. Raises BadProvider for two of one key, and for what is
    declared wrong."""

    def __init__(self, providers: Iterable[AnyProvider]) -> None:
        found: dict[str, AnyProvider] = {}
        for provider in sorted(providers, key=lambda one: (one.priority, one.key)):
            if provider.key in found:
                raise BadProvider(f"Two providers have the key {provider.key}")
            _check(provider)
            found[provider.key] = provider
        self._by_key: Mapping[str, AnyProvider] = found

    def get(self, key: str) -> AnyProvider | None:
        return self._by_key.get(key)

    def by_addon(self, slug: str) -> AnyProvider | None:
        """By the slug of its add-on, or by its key."""
        return next((one for one in self if one.addon == slug), None) or self.get(slug)

    def __iter__(self) -> Iterator[AnyProvider]:
        return iter(self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)


def installed() -> Registry:
    """All that this process has. Raises BadProvider with the name of the package that brings what cannot be used."""
    return Registry([*BUNDLED, *(_loaded(point) for point in entry_points(group=GROUP))])


def sources(provider: AnyProvider) -> frozenset[str]:
    """All keys that its `options` answers."""
    found = set(provider.sources)
    for model in (provider.settings, provider.feed):
        for shape in () if model is None else forms.shapes(model):
            found |= {key for key in (shape.declared.option_source, shape.declared.route) if key}
    return frozenset(found)


def _loaded(point: EntryPoint) -> AnyProvider:
    where = f"{point.name} of {point.dist.name if point.dist else point.value}"
    try:
        loaded = point.load()
        provider = loaded() if isinstance(loaded, type) else loaded
    except Exception as error:
        raise BadProvider(f"The provider {where} cannot be loaded: {type(error).__name__}: {error}") from error
    if not isinstance(provider, Provider):
        raise BadProvider(f"The provider {where} is none: it is no connectors.providers.Provider")
    return provider


def _check(provider: AnyProvider) -> None:
    key = getattr(provider, "key", None)
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise BadProvider(f"{type(provider).__name__}: a key is small letters, digits and underscores, not {key!r}")
    if not getattr(provider, "title", None):
        raise BadProvider(f"The provider {key} has no title")
    if provider.feed is not None and not provider.scopes:
        raise BadProvider(f"The provider {key} has feeds, and no scope where they may exist")
    try:
        for model in (provider.settings, provider.feed):
            shapes = () if model is None else forms.shapes(model)
            known = {shape.key for shape in shapes}
            for shape in shapes:
                if missing := set(shape.declared.depends_on) - known:
                    raise TypeError(f"{shape.key} depends on {', '.join(sorted(missing))}, which is no field")
    except TypeError as error:
        raise BadProvider(f"The provider {key}: {error}") from None
    if provider.oauth is not None:
        _check_oauth(provider)


def _check_oauth(provider: AnyProvider) -> None:
    assert provider.oauth is not None
    by_key = {} if provider.settings is None else {one.key: one for one in forms.shapes(provider.settings)}
    for key in (provider.oauth.client_id, provider.oauth.client_secret):
        if key not in by_key:
            raise BadProvider(f"The provider {provider.key}: OAuth reads {key}, which is no field of its settings")
    if not by_key[provider.oauth.client_secret].secret:
        raise BadProvider(f"The provider {provider.key}: {provider.oauth.client_secret} is no secret")
