"""Which URLs are one site, which are none, and which are local."""

import pytest

from db.commerce.license_site import is_local, site_key


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://shop.example", "shop.example"),
        ("http://SHOP.example/", "shop.example"),
        (" shop.example ", "shop.example"),
        ("https://www.shop.example:443/?utm=1#top", "shop.example"),
        ("https://shop.example:8443/", "shop.example:8443"),
        ("https://shop.example/Blog//", "shop.example/Blog"),
        ("https://shop.example.", "shop.example"),
        ("https://bücher.example", "xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("http://192.168.1.20:80/shop", "192.168.1.20/shop"),
        ("http://[2001:DB8:0:0::1]:8080", "[2001:db8::1]:8080"),
        ("localhost", "localhost"),
    ],
)
def test_how_a_site_is_told(url: str, key: str) -> None:
    assert site_key(url) == key
    assert site_key(key) == key


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://",
        "ftp://shop.example",
        "javascript:alert(1)",
        "https://ada@shop.example",
        "https://shop.example:99999",
        "https://shop..example",
        "https://-shop.example",
        "https://shop example",
        "https://shop\\example",
        "https://shop.example/\n",
        "https://shop.example/\0",
        "https://shop.example/\ud800",
        "https://[::1",
        "https://[nothing]",
        "http://2130706433",
        "http://127.1",
        "http://999.1.1.1",
        "https://" + "a" * 64 + ".example",
        "https://shop.example/" + "a" * 255,
    ],
)
def test_what_is_no_site(url: str) -> None:
    assert site_key(url) is None
    assert not is_local(url)


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost", True),
        ("http://localhost:3000/shop", True),
        ("shop.localhost", True),
        ("https://shop.local", True),
        ("https://SHOP.TEST/", True),
        ("http://nas.home.arpa", True),
        ("http://intranet", True),
        ("http://127.0.0.1:8080", True),
        ("http://10.1.2.3", True),
        ("http://172.20.0.5", True),
        ("http://192.168.0.9/shop", True),
        ("http://169.254.1.1", True),
        ("http://[::1]:8080", True),
        ("http://[fd00::1]", True),
        ("https://staging.shop.example", True),
        ("https://www.staging.shop.example", True),
        ("https://dev.shop.example/blog", True),
        ("https://shop.example", False),
        ("https://shop.example/staging", False),
        ("https://dev.to", False),
        ("https://test.com", False),
        ("https://staging-shop.example", False),
        ("https://shop.staging.example", False),
        ("https://localhost.shop.example", False),
        ("https://local.shop.example", True),
        ("https://8.8.8.8", False),
        ("https://[2606:4700::1111]", False),
        ("https://contest.example", False),
    ],
)
def test_what_is_local(url: str, local: bool) -> None:
    assert is_local(url) is local
