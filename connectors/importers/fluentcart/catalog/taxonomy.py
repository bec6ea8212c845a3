"""S5 `GET /products/fetch-term`: taxonomies and their trees of terms; and the terms of a product."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from connectors.importers.fluentcart.values import branch, entries, key, plain, reference, shown
from connectors.importers.mapping import Columns, Field, Mapped, Record, Tells, Unreadable
from connectors.importers.report import Skipped
from db.catalog.events import TERM_CREATED, TERM_DELETED, TERM_UPDATED
from db.catalog.product import sort_key
from db.catalog.slug import derived, numbered
from db.catalog.taxonomy import LABELS, TaxonomyRow, TermRow

TAXONOMY: Final = Mapped(
    "taxonomies",
    TaxonomyRow,
    {
        "name": Field("name", plain()),
        "label": Field("label", plain(None)),
        # Only the answer of a product's pricing has these two.
        "plural_label": Field("labels.name", plain(None)),
        "singular_label": Field("labels.singular_name", plain(None)),
    },
    branch=branch,
)

TERM: Final = Mapped(
    "terms",
    TermRow,
    {
        "id": Field("value", key),
        "name": Field("label", plain()),
        "parent_id": Field("parent", reference),
    },
    branch=branch,
    computed=("taxonomy", "name_key"),
    # The API tells neither. A slug is derived once (`give_slugs`) and then stays, as it does in WordPress.
    kept={"slug": "", "description": ""},
    derived=("name_key",),
    stamped=True,
    tells=Tells(TERM_CREATED, TERM_UPDATED, TERM_DELETED),
)

LINKS: Final = "links"


@dataclass(slots=True)
class Trees:
    """Taxonomies by name and terms by identifier, parents before their children."""

    taxonomies: dict[str, Columns] = field(default_factory=dict)
    terms: dict[int, Columns] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)


def read_trees(answer: Record, labels: Record) -> Trees:
    """`answer` is that of fetch-term, `labels` that of a product's pricing or an empty one. Never raises: what cannot
    be read is skipped, and a term whose parent is unknown or its own descendant becomes a root."""
    trees = Trees()
    named = {str(branch(entry).get("name")): entry for entry in _listed(labels, trees)}
    for entry in _listed(answer, trees):
        try:
            record = branch(entry)
            row = TAXONOMY.read({**branch(named.get(str(record.get("name")))), **record})
        except Unreadable as unreadable:
            trees.skipped.append(Skipped(TAXONOMY.entity, "", unreadable.field, unreadable.reason))
            continue
        known = LABELS.get(row["name"], (row["name"], row["label"], row["label"]))
        for name, usual in zip(("label", "plural_label", "singular_label"), known, strict=True):
            row[name] = row[name] or usual or row["name"]
        trees.taxonomies[row["name"]] = row
        _read_terms(record, row["name"], trees)
    return trees


def _listed(answer: Record, trees: Trees) -> list[Any]:
    try:
        return [entry for entry in entries(answer.get("taxonomies")) if isinstance(entry, dict)]
    except Unreadable as unreadable:
        trees.skipped.append(Skipped(TAXONOMY.entity, "", "taxonomies", unreadable.reason))
        return []


def _read_terms(taxonomy: Record, name: str, trees: Trees) -> None:
    found: dict[int, Columns] = {}
    waiting: list[tuple[Any, int | None]] = [(taxonomy.get("terms"), None)]
    while waiting:
        listed, above = waiting.pop()
        try:
            level = entries(listed)
        except Unreadable as unreadable:
            trees.skipped.append(Skipped(TERM.entity, f"of {shown(name)}", "terms", unreadable.reason))
            continue
        for entry in level:
            try:
                record = branch(entry)
                row = TERM.read(record)
                if not row["name"].strip():
                    raise Unreadable("is missing", "label")
                if row["id"] in trees.terms or row["id"] in found:
                    raise Unreadable("is the identifier of another term too", "value")
            except Unreadable as unreadable:
                identifier = shown(entry.get("value")) if isinstance(entry, dict) else f"of {shown(name)}"
                trees.skipped.append(Skipped(TERM.entity, identifier, unreadable.field, unreadable.reason))
                continue
            row["parent_id"] = row["parent_id"] or above
            found[row["id"]] = row | {"taxonomy": name, "name_key": sort_key(row["name"])}
            waiting.append((record.get("children"), row["id"]))
    _root_strays(found, trees)
    trees.terms |= {row["id"]: row for row in _parents_first(found)}


def _root_strays(found: Mapping[int, Columns], trees: Trees) -> None:
    for row in found.values():
        parent, above = row["parent_id"], set()
        while parent in found and parent not in above:
            above.add(parent)
            parent = found[parent]["parent_id"]
        if row["id"] in above:
            reason = f"{row['parent_id']} is a descendant of the term itself"
        elif row["parent_id"] is not None and row["parent_id"] not in found:
            reason = f"{row['parent_id']} is not a term of {row['taxonomy']}"
        else:
            continue
        row["parent_id"] = None
        trees.skipped.append(Skipped(LINKS, f"of term {row['id']}", "parent", reason))


def _parents_first(found: Mapping[int, Columns]) -> Iterable[Columns]:
    done: set[int | None] = {None}
    for row in found.values():
        chain = []
        at: int | None = row["id"]
        while at not in done and at is not None:
            chain.append(at)
            at = found[at]["parent_id"]
        for identifier in reversed(chain):
            done.add(identifier)
            yield found[identifier]


def give_slugs(new: Iterable[Columns], taken: set[tuple[str, str]]) -> None:
    """Slugs for new terms, unique in their taxonomy; `taken` holds (taxonomy, slug) and grows."""
    for row in new:
        for slug in numbered(derived(row["name"]) or f"term-{row['id']}"):
            if (row["taxonomy"], slug) not in taken:
                row["slug"] = slug
                taken.add((row["taxonomy"], slug))
                break


def read_terms(
    product: Record, known: Mapping[str, Collection[int]], gone: Collection[int] = ()
) -> tuple[set[int], list[str]]:
    """The terms of a product: `product-categories`, `product-brands` and whatever taxonomies the store has, each a list
    of identifiers; and a reason for each that is unknown. `gone` are terms deleted here."""
    terms: set[int] = set()
    reasons: list[str] = []
    for taxonomy, identifiers in known.items():
        try:
            listed = entries(product.get(taxonomy))
        except Unreadable as unreadable:
            reasons.append(f"{taxonomy}: {unreadable.reason}")
            continue
        for value in listed:
            try:
                term = key(value)
            except Unreadable as unreadable:
                reasons.append(f"{taxonomy}: {unreadable.reason}")
                continue
            if term in identifiers:
                terms.add(term)
            elif term not in gone:
                reasons.append(f"{taxonomy}: term {term} is unknown")
    return terms, reasons
