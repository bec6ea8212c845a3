"""Settings: each documented, each checked, none leaking."""

from ipaddress import ip_address, ip_network

import pytest
from pydantic import SecretStr, ValidationError

from server.settings.settings import LogLevel, Settings, Switch, describe, mistakes, page
from server.settings.unknown import unknown
from server.work import outbound


@pytest.fixture(autouse=True)
def _without_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for setting in describe():
        monkeypatch.delenv(setting.variable, raising=False)


def test_every_setting_has_a_doc_line() -> None:
    for setting in describe():
        assert setting.doc.endswith("."), setting.variable
        assert "|" not in setting.doc, setting.variable  # it stands in a table
        assert setting.type, setting.variable
        assert setting.default, setting.variable


def test_the_documentation_names_no_place_of_this_machine() -> None:
    assert str(Settings().data_folder) not in page()


def test_values_come_from_the_environment_and_the_command_line_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STOREGRAPH_PORT", "9000")
    monkeypatch.setenv("STOREGRAPH_LOG_LEVEL", "error")
    monkeypatch.setenv("STOREGRAPH_HOST", "")
    settings = Settings(port=9001)
    assert (settings.port, settings.log_level, settings.host) == (9001, LogLevel.ERROR, "127.0.0.1")


def test_each_embedded_store_has_a_file_in_the_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STOREGRAPH_DATA_FOLDER", "/srv/storegraph")
    assert Settings().database_url == "sqlite:////srv/storegraph/store.db"
    assert Settings(demo=True).database_url == "sqlite:////srv/storegraph/demo.db"
    assert Settings(demo=True, database_url="postgresql://db/x").database_url == "postgresql://db/x"


def test_only_the_demo_has_a_token_of_its_own() -> None:
    assert Settings().admin_token is None
    first, second = Settings(demo=True).admin_token, Settings(demo=True).admin_token
    assert first is not None
    assert second is not None
    assert first.get_secret_value() != second.get_secret_value()
    assert Settings(demo=True, admin_token=SecretStr("a-token-of-my-own")).admin_token == SecretStr("a-token-of-my-own")


def test_origins_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STOREGRAPH_CORS_ORIGINS", "https://shop.example, http://localhost:3000,")
    assert Settings().cors_origins == ("https://shop.example", "http://localhost:3000")


def test_networks_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STOREGRAPH_OUTBOUND_NETWORKS", "10.1.0.0/16, 192.168.7.7,fd12:3456::/32,")
    assert Settings().outbound_networks == (
        ip_network("10.1.0.0/16"),
        ip_network("192.168.7.7/32"),
        ip_network("fd12:3456::/32"),
    )


def test_the_client_asks_where_the_settings_allow() -> None:
    mine, other = ip_address("10.1.2.3"), ip_address("10.2.0.1")
    assert outbound.client(Settings()).reach.refusal(mine) is not None
    reach = outbound.client(Settings(outbound_networks=(ip_network("10.1.0.0/16"),))).reach
    assert reach.refusal(mine) is None
    assert reach.refusal(other) is not None


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("PORT", "65536", "less than or equal to 65535"),
        ("PORT", "http", "integer"),
        ("WORKERS", "0", "greater than or equal to 1"),
        ("LOG_FORMAT", "xml", "'auto', 'json' or 'console'"),
        ("CORS_ORIGINS", "shop.example", "is no origin"),
        ("CORS_ORIGINS", "https://shop.example/", "is no origin"),
        ("ADMIN_TOKEN", "two words", "a bearer token is made of"),
        ("ADMIN_TOKEN", "fifteen-letters", "has at least 16 characters"),
        ("METRICS_TOKEN", "fifteen-letters", "has at least 16 characters"),
        ("PUBLIC_URL", "shop.example", "write an http or https URL"),
        ("MAX_BODY_BYTES", "1 MB", "integer"),
        ("DEMO", "perhaps", "boolean"),
        ("OUTBOUND_NETWORKS", "10.0.0.0/8,intranet", "'intranet' does not appear to be an IPv4 or IPv6 network"),
        ("OUTBOUND_NETWORKS", "10.0.0.1/8", "has host bits set"),
        ("OUTBOUND_SECONDS", "0", "greater than 0"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(f"STOREGRAPH_{name}", value)
    with pytest.raises(ValidationError) as caught:
        Settings()
    line = mistakes(caught.value)
    assert line.startswith(f"STOREGRAPH_{name}: ")
    assert reason in line
    assert "\n" not in line
    assert line.count("STOREGRAPH_") == 1, "what follows from the mistake is none"
    if name.endswith("TOKEN"):
        assert value not in line


@pytest.mark.parametrize("bad", ["x", "-1", "a\nb", "1e999", "[1", "é"])
def test_whatever_a_variable_holds_is_taken_or_told_in_one_line(monkeypatch: pytest.MonkeyPatch, bad: str) -> None:
    for setting in describe():
        with monkeypatch.context() as environment:
            environment.setenv(setting.variable, bad)
            try:
                Settings()
            except ValidationError as error:
                line = mistakes(error)
                assert "STOREGRAPH_" in line, setting.variable
                assert "\n" not in line, setting.variable


def test_a_misspelt_variable_is_told_with_the_nearest_name() -> None:
    names = ["PATH", "STOREGRAPH_PORT", "storegraph_port", "STOREGRAPH_USER_PASSWORD", "STOREGRAPHY", "STOREGRAPH_X"]
    misspelt = ["STOREGRAPH_DATABSE_URL", "Storegraph_Cors_Origin", f"STOREGRAPH_{'A' * 10_000}"]
    assert dict(unknown([*names, *misspelt])) == {
        "STOREGRAPH_DATABSE_URL": "STOREGRAPH_DATABASE_URL",
        "Storegraph_Cors_Origin": "STOREGRAPH_CORS_ORIGINS",
        "STOREGRAPH_X": None,
        misspelt[-1]: None,
    }


def test_secrets_are_not_shown() -> None:
    settings = Settings(
        admin_token=SecretStr("hunter2-token-of-ours"),
        database_url="postgresql://u:p%40ssphrase@db/x",
        redis_url="redis://cache/0?password=another-one",
    )
    assert "hunter2" not in repr(settings)
    assert "ssphrase" not in repr(settings)
    assert settings.secrets() == ("another-one", "hunter2-token-of-ours", "p%40ssphrase", "p@ssphrase")


def test_the_environment_makes_the_same_settings_in_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(
        demo=True,
        workers=4,
        graphiql=Switch.OFF,
        cors_origins=("https://a.example", "https://b.example"),
        outbound_networks=(ip_network("10.0.0.0/8"), ip_network("fd12::/16")),
        database_url="postgresql://u:p@db/x",
    )
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings


@pytest.mark.parametrize(
    ("settings", "served"),
    [
        (Settings(), True),
        (Settings(host="0.0.0.0"), False),
        (Settings(host="0.0.0.0", demo=True), True),
        (Settings(host="0.0.0.0", graphiql=Switch.ON), True),
        (Settings(graphiql=Switch.OFF), False),
    ],
)
def test_graphiql_is_for_the_demo_and_for_this_machine_unless_said(settings: Settings, served: bool) -> None:
    assert settings.serves_graphiql is served
