"""The documented operations, and which of them have a folder here."""

import re
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Final, Literal

import orjson

import schema
from tests.operations.case import HERE

# An operation that is covered stays covered; whoever covers more says so here.
LEAST: Final = 155


@dataclass(frozen=True)
class Operation:
    """A row of documented.json. `permission` lists those of which any will do; `also` is the same operation as another
    document spells it."""

    number: int
    name: str
    kind: Literal["query", "mutation"]
    method: str
    path: str
    group: str
    permission: list[str]
    also: str | None = None

    @property
    def rest(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def folder(self) -> str:
        """`050-post-products-variants-variantid` for POST /products/variants/{variantId}."""
        words = re.findall(r"[a-z0-9-]+", re.sub(r"[{}_]", "", self.path.lower()))
        return "-".join([f"{self.number:03}", self.method.lower(), *words])


@cache
def operations() -> dict[int, Operation]:
    rows = orjson.loads((Path(schema.__file__).parent / "documented.json").read_bytes())
    return {row["number"]: Operation(**row) for row in rows}


def folders() -> set[str]:
    return {path.name for path in HERE.iterdir() if path.is_dir() and path.name[0].isdigit()}


def summary() -> str:
    """What is covered, a line for each group."""
    found = folders()
    covered = [o for o in operations().values() if o.folder in found]
    lines = [f"{len(covered)} of {len(operations())} documented operations have their document:"]
    for group, members in groupby(operations().values(), key=lambda o: o.group):
        rows = list(members)
        done = [f"{o.number} {o.name}" for o in rows if o in covered]
        lines.append(f"  {group:2} {len(done)}/{len(rows)} {', '.join(done)}".rstrip())
    return "\n".join(lines)
