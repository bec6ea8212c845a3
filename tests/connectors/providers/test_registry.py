"""The providers that a process has, those of other packages among them."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest

from connectors.providers import Form, OAuth, Provider, form
from connectors.providers.registry import BadProvider, Registry, installed, sources
from tests.packages.letterbox import Letterbox

PACKAGES = Path(__file__).parents[2] / "packages"


@pytest.fixture
def on_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], None]]:
    before = set(sys.modules)
    yield lambda folder: monkeypatch.syspath_prepend(str(folder))
    for name in set(sys.modules) - before:
        if name in {"letterbox", "broken"}:
            del sys.modules[name]


def test_a_package_brings_its_provider(on_path: Callable[[Path], None]) -> None:
    assert installed().get("letterbox") is None
    on_path(PACKAGES)

    provider = installed().get("letterbox")

    assert provider is not None
    assert provider.title == "Letterbox"
    assert sources(provider) == {"lists", "letterbox_topics"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("raise OSError('no library')", "cannot be loaded: OSError: no library"),
        ("Broken = 5", "is none"),
    ],
)
def test_what_cannot_be_used_is_named(text: str, why: str, tmp_path: Path, on_path: Callable[[Path], None]) -> None:
    (tmp_path / "broken.py").write_text(text)
    metadata = tmp_path / "broken-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[storegraph.providers]\nmine = broken:Broken\n")
    on_path(tmp_path)

    with pytest.raises(BadProvider, match=f"mine of broken.*{why}"):
        installed()


class Needy(Form):
    city: Annotated[str, form("text", label="City", depends_on="country")] = ""


class Open(Form):
    client_id: Annotated[str, form("text", label="Id")] = ""
    client_secret: Annotated[str, form("text", label="Secret")] = ""


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"key": "Letter box"}, "small letters"),
        ({"title": ""}, "no title"),
        ({"scopes": frozenset()}, "no scope"),
        ({"feed": Needy}, "depends on country"),
        ({"oauth": OAuth("https://a.example", "https://t.example")}, "client_id, which is no field"),
        ({"settings": Open, "oauth": OAuth("https://a.example", "https://t.example")}, "client_secret is no secret"),
    ],
)
def test_what_is_declared_wrong_stops_the_start(values: dict[str, Any], why: str) -> None:
    provider = type("Wrong", (Letterbox,), values)()

    with pytest.raises(BadProvider, match=why):
        Registry([provider])


def test_a_key_is_one_providers() -> None:
    with pytest.raises(BadProvider, match="Two providers have the key letterbox"):
        Registry([Letterbox(), Letterbox()])


def test_providers_come_in_the_order_of_their_runs() -> None:
    def named(key: str, priority: int = 10) -> Provider[Any, Any]:
        provider: Provider[Any, Any] = type("Named", (Letterbox,), {"key": key, "priority": priority})()
        return provider

    registry = Registry([named("last", 12), named("second"), named("first")])

    assert [one.key for one in registry] == ["first", "second", "last"]
    assert registry.by_addon("last") is registry.get("last")
