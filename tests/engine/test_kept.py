"""What is kept of documents: what is sent again stays, and a stream of new ones passes through."""

from engine.document.kept import MARKS, NEW, Kept


def asked(kept: Kept[str, str], key: str, size: int = 1) -> bool:
    """Whether it was kept; it is now."""
    if kept.get(key) is not None:
        return True
    kept.put(key, key.upper(), size, hash(key))
    return False


def test_what_is_asked_for_again_stays_while_a_thousand_others_pass() -> None:
    kept: Kept[str, str] = Kept(1000, 10**6)
    mine = [f"mine {n}" for n in range(NEW)]
    assert [asked(kept, key) for key in mine] == [False] * NEW
    assert [asked(kept, key) for key in mine] == [True] * NEW
    assert not any(asked(kept, f"once {n}") for n in range(5000))
    assert len(kept) == 2 * NEW
    assert [kept.get(key) for key in mine] == [key.upper() for key in mine]


def test_more_than_the_small_part_holds_stay_when_they_come_back() -> None:
    kept: Kept[str, str] = Kept(1000, 10**6)
    mine = [f"mine {n}" for n in range(500)]
    rounds = [sum(asked(kept, key) for key in mine) for _ in range(3)]
    assert rounds == [0, NEW, 500]


def test_there_are_never_more_than_there_may_be() -> None:
    kept: Kept[str, str] = Kept(20, 100)
    for n in range(200):
        asked(kept, f"number {n % 37}", size=3 + n % 5)
        assert 1 <= len(kept) <= 20
    for _ in range(2):
        for n in range(60):
            asked(kept, f"large {n}", size=40)
            assert kept._new.bytes + kept._proven.bytes <= 100
    assert not asked(kept, "larger than all", size=1000)
    assert kept.get("larger than all") == "LARGER THAN ALL"
    assert len(kept) == 1


def test_large_ones_that_come_once_push_nothing_out() -> None:
    kept: Kept[str, str] = Kept(1000, 100)
    for _ in range(2):
        asked(kept, "mine", size=40)
    for n in range(100):
        asked(kept, f"once {n}", size=20)
    assert kept.get("mine") == "MINE"


def test_the_least_recently_used_of_what_stays_leaves() -> None:
    kept: Kept[str, str] = Kept(8, 100)
    for n in range(8):
        for _ in range(2):
            asked(kept, f"mine {n}")
    assert asked(kept, "mine 0")
    for _ in range(2):
        asked(kept, "one more")
    assert kept.get("mine 0") is not None
    assert kept.get("mine 1") is None


def test_it_takes_as_many_questions_as_it_was_told() -> None:
    kept: Kept[str, str] = Kept(1000, 10**6, often=2)
    for key, times in (("twice", 2), ("once", 1)):
        kept.put(key, key, 1, hash(key))
        for _ in range(times):
            kept.get(key)
    for n in range(NEW):
        kept.put(f"other {n}", "", 1, n)
    assert kept.get("twice") == "twice"
    assert kept.get("once") is None


def test_marks_are_bounded_too() -> None:
    kept: Kept[str, str] = Kept(4, 10**6)
    for n in range(MARKS + 100):
        kept.put(f"once {n}", "", 1, n)
    assert len(kept._gone) == MARKS
