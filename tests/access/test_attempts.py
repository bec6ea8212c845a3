"""Failed sign-ins: who waits, for how long, and who does not."""

import pytest

from resolvers.access.attempts import (
    FORGOTTEN,
    FREE,
    FREE_OF_ADDRESS,
    LONGEST,
    STRANGERS_A_MINUTE,
    Attempts,
    TooMany,
    network,
)

HERE, THERE = "192.0.2.1", "198.51.100.2"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def attempts(clock: Clock) -> Attempts:
    return Attempts(clock=clock)


def wait(attempts: Attempts, account: str, address: str | None) -> float:
    """How long it has to wait; 0 when the try was let through (and failed)."""
    try:
        attempts.begin(account, address)
    except TooMany as reason:
        return reason.seconds
    return 0


def test_whoever_waits_is_told_how_long(attempts: Attempts) -> None:
    for _ in range(FREE):
        attempts.begin("ann", HERE)
    with pytest.raises(TooMany) as refusal:
        attempts.begin("ann", HERE)
    assert refusal.value.extensions == {"code": "RATE_LIMITED", "retryAfter": 1}


def test_from_the_sixth_on_each_failure_waits_twice_as_long(attempts: Attempts, clock: Clock) -> None:
    assert [wait(attempts, "ann", HERE) for _ in range(FREE)] == [0] * FREE
    waits = []
    for _ in range(14):
        waits.append(wait(attempts, "ann", HERE))
        assert wait(attempts, "ann", HERE) == waits[-1]  # asking again makes it no longer
        clock.now += waits[-1]
        assert wait(attempts, "ann", HERE) == 0
    assert waits == [min(2**n, LONGEST) for n in range(14)]
    clock.now += FORGOTTEN + 1
    assert wait(attempts, "ann", HERE) == 0


def test_another_address_may_still_try(attempts: Attempts) -> None:
    """Whoever knows a name cannot shut its owner out."""
    while not wait(attempts, "ann", HERE):
        pass
    assert wait(attempts, "ann", THERE) == 0


def test_many_accounts_from_one_address_wait_too(attempts: Attempts) -> None:
    assert [wait(attempts, f"user-{n}", HERE) for n in range(FREE_OF_ADDRESS)] == [0] * FREE_OF_ADDRESS
    assert wait(attempts, "one-more", HERE) > 0
    assert wait(attempts, "one-more", THERE) == 0


def test_who_signed_in_from_an_address_is_not_kept_out_by_its_neighbours(attempts: Attempts) -> None:
    attempts.begin("ann", HERE)
    attempts.succeeded("ann", HERE)
    for n in range(FREE_OF_ADDRESS + 5):
        wait(attempts, f"user-{n}", HERE)
    assert wait(attempts, "bob", HERE) > 0
    assert wait(attempts, "ann", HERE) == 0


def test_ones_own_account_does_not_reset_an_address(attempts: Attempts) -> None:
    for n in range(FREE_OF_ADDRESS):
        attempts.begin(f"victim-{n}", HERE)
        wait(attempts, "mine", HERE)
        attempts.succeeded("mine", HERE)
    assert wait(attempts, "victim", HERE) > 0


def test_a_thousand_at_once_are_not_all_let_in(attempts: Attempts) -> None:
    """A try counts from its beginning, not from when its password has been looked at."""
    assert sum(wait(attempts, "ann", HERE) == 0 for _ in range(1000)) == FREE


def test_many_addresses_share_the_tries_at_an_account(attempts: Attempts, clock: Clock) -> None:
    addresses = [f"10.{n // 250}.{n % 250}.1" for n in range(STRANGERS_A_MINUTE)]
    attempts.begin("ann", HERE)
    attempts.succeeded("ann", HERE)
    clock.now += 60
    assert [wait(attempts, "ann", address) for address in addresses] == [0] * STRANGERS_A_MINUTE
    assert 0 < wait(attempts, "ann", THERE) <= 60
    assert wait(attempts, "ann", HERE) == 0  # where she is known
    clock.now += 60
    assert wait(attempts, "ann", THERE) == 0


def test_memory_is_bounded(clock: Clock) -> None:
    attempts = Attempts(clock=clock, most=50)
    for n in range(500):
        wait(attempts, f"user-{n}", f"10.0.{n // 250}.{n % 250}")
        attempts.succeeded(f"user-{n}", f"10.0.{n // 250}.{n % 250}")
    assert all(0 < len(kept) <= 50 for kept in (attempts._counts, attempts._strangers, attempts._familiar))


@pytest.mark.parametrize(
    ("address", "counts_as"),
    [
        (None, ""),
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unix:", "unix:"),
        ("x" * 1000, "x" * 64),
    ],
)
def test_what_counts_as_one_address(address: str | None, counts_as: str) -> None:
    assert network(address) == counts_as
