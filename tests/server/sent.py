"""What a stranger may send: documents, values, bodies. Each is refused, or answered, for little work."""

import gzip
import json
from typing import Any

from graphql import get_introspection_query

MANY = 100_000


def nested(levels: int, inner: str = "id") -> str:
    """Products' variants' products' variants …"""
    return "{ products { nodes { " + "variants { product { " * levels + inner + " } }" * levels + " } } }"


def chained(length: int, spreads: int) -> str:
    parts = (f"fragment f{n} on Query {{ {f'...f{n + 1} ' * spreads} }}" for n in range(length))
    return f"{{ ...f0 }} {' '.join(parts)} fragment f{length} on Query {{ __typename }}"


def doubling(length: int) -> str:
    """Each fragment asks twice for what the next one asks."""
    parts = (
        f"fragment f{n} on Product {{ a: defaultVariant {{ product {{ ...f{n + 1} }} }} "
        f"b: defaultVariant {{ product {{ ...f{n + 1} }} }} }}"
        for n in range(length)
    )
    return f"{{ products {{ nodes {{ ...f0 }} }} }} {' '.join(parts)} fragment f{length} on Product {{ id }}"


TYPES = "types { fields { type { kind name ofType { kind name } } args { type { kind name ofType { name } } } } }"
INTROSPECTED = "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }"
DOCUMENTS: dict[str, tuple[str, str]] = {
    "10 000 aliases": ("{ " + " ".join(f"a{n}: __typename" for n in range(10_000)) + " }", "INPUT COMPLEX"),
    "3000 aliases": ("{ " + " ".join(f"a{n}: __typename" for n in range(3000)) + " }", "COMPLEX"),
    "50 lists": ("{ " + " ".join(f"a{n}: products(first: 100) {{ nodes {{ id }} }}" for n in range(50)) + " }", ""),
    "51 lists": ("{ " + " ".join(f"a{n}: products {{ totalCount }}" for n in range(51)) + " }", "COMPLEX"),
    "a circle, 16 levels deep": (nested(7), "COMPLEX"),
    "a circle, 50 levels deep": (nested(25), "COMPLEX"),
    "a circle, 2000 levels deep": (nested(1000), "INPUT COMPLEX"),
    "30 fragments that double": (chained(30, 2), "COMPLEX"),
    "8 fragments that double what they ask": (doubling(8), "COMPLEX"),
    "30 fragments that double what they ask": (doubling(30), "COMPLEX"),
    "fragments in a circle": (
        "{ ...A } fragment A on Query { ...B } fragment B on Query { ...C } fragment C on Query { ...A }",
        "INPUT",
    ),
    "1000 directives": ("{ __typename " + "@skip(if: false) " * 1000 + "}", "COMPLEX"),
    "14 000 equal fields": ("{ products { nodes { " + "id " * 14_000 + "} } }", "COMPLEX"),
    "10 000 unknown fields": ("{ products { " + " ".join(f"totalCoun{n}" for n in range(10_000)) + " } }", "COMPLEX"),
    "120 fragments with the same fields": (
        "{ "
        + "".join(f"...f{n} " for n in range(120))
        + "} "
        + " ".join(f"fragment f{n} on Query {{ {'__typename ' * 100} }}" for n in range(120)),
        "COMPLEX",
    ),
    "1000 operations": (" ".join(f"query q{n} {{ __typename }}" for n in range(1000)), "COMPLEX"),
    "5000 brackets": ("{ node(id: " + "[" * 5000 + "]" * 5000 + ") { id } }", "INPUT"),
    "a number of 5000 digits": ("{ products(first: " + "9" * 5000 + ") { totalCount } }", "INPUT"),
    "a number of 5000 digits below 0": ("{ products(first: -" + "9" * 5000 + ") { totalCount } }", "INPUT"),
    "first: 2147483647": ("{ products(first: 2147483647) { nodes { id } } }", "INPUT"),
    "page: 2147483647": ("{ products(page: 2147483647) { nodes { id } } }", "INPUT"),
    "a surrogate": ('{ product(by: {slug: "\\uD800"}) { id } }', "INPUT"),
    "a text of a megabyte": ('{ node(id: "' + "a" * 1_000_000 + '") { id } }', "COMPLEX"),
    "a megabyte of comments": ("#\n" * 340_000 + "{ __typename }", "COMPLEX"),
    "comments as long as a document may be": ("#\n" * 32_000 + "{ nothing }", "INPUT"),
    "a list of 5000 ids": ("{ nodes(ids: [" + '"a" ' * 5000 + "]) { id } }", "COMPLEX"),
    "a list of 1100 ids": ("{ nodes(ids: [" + '"a" ' * 1100 + "]) { id } }", "INPUT"),
    "a filter of 7000 empty parts": ("{ products(filter: {or: [" + "{} " * 7000 + "]}) { totalCount } }", "COMPLEX"),
    "a filter of 900 empty parts": ("{ products(filter: {or: [" + "{} " * 900 + "]}) { totalCount } }", "INPUT"),
    "20 filters of 90 empty parts": (
        "{ " + " ".join(f"a{n}: products(filter: {{or: [{'{} ' * 90}]}}) {{ b }}" for n in range(20)) + " }",
        "INPUT",
    ),
    "a filter of 400 parts": (
        "{ products(filter: {or: [" + '{title: {contains: "a"}} ' * 400 + "]}) { totalCount } }",
        "INPUT",
    ),
    "1200 unknown fields of a filter": (
        "{ products(filter: {" + " ".join(f"titl{n}: 1" for n in range(1200)) + "}) { totalCount } }",
        "INPUT",
    ),
    "3900 unknown fields": ("{ products { " + " ".join(f"totalCoun{n}" for n in range(3900)) + " } }", "INPUT"),
    "990 equal relations": ("{ products { nodes { " + "variants { id } " * 990 + "} } }", "COMPLEX"),
    "190 fragments in a chain": (
        "{ products { nodes { ...f0 } } } "
        + " ".join(f"fragment f{n} on Product {{ id title ...f{n + 1} slug }}" for n in range(190))
        + " fragment f190 on Product { id }",
        "COMPLEX",
    ),
    "49 operations with one fragment": (
        " ".join(f"query q{n}($a: Int) {{ ...f }}" for n in range(49))
        + " fragment f on Query { products { nodes { "
        + "variants(first: $a) { id } " * 300
        + "} } }",
        "COMPLEX",
    ),
    "introspection in introspection": (INTROSPECTED, "INPUT"),
    "45 introspections": ("{ " + " ".join(f"a{n}: __schema {{ {TYPES} }}" for n in range(45)) + " }", "COMPLEX"),
    "one introspection": (get_introspection_query(), ""),
}


FILTERED = "query ($v: ProductFilter) { products(filter: $v) { totalCount } }"
CREATED = (
    "mutation ($v: ProductBulkCreateInput!) { productBulkCreate(input: $v, validateOnly: true) "
    "{ results { index userErrors { code message } } } }"
)


def items(**item: Any) -> dict[str, Any]:
    return {"products": [{"title": "a", "fulfillmentType": "DIGITAL", **item}] * 10}


VARIABLES: dict[str, tuple[str, Any, str]] = {
    "240 000 empty parts of a filter": (FILTERED, {"or": [{"or": [{}] * 700}] * 340}, "BAD_REQUEST"),
    "9500 empty parts of a filter": (FILTERED, {"or": [{"or": [{}] * 97}] * 97}, "BAD_USER_INPUT"),
    "1000 empty parts of a filter": (FILTERED, {"or": [{}] * 1000}, "BAD_USER_INPUT"),
    "99 empty parts, 49 times": (
        "query ($v: ProductFilter) { "
        + " ".join(f"a{n}: products(filter: $v) {{ totalCount }}" for n in range(49))
        + " node(id: 1) { id } }",
        {"or": [{}] * 99},
        "BAD_USER_INPUT",
    ),
    "10 000 empty variants": (CREATED, items(variants=[{}] * 1000), "BAD_USER_INPUT"),
    "9000 empty pictures": (CREATED, items(gallery=[{}] * 900), "VALIDATION"),
    "10 000 variants": (CREATED, items(variants=[{"title": "a", "price": 1}] * 1000), "BAD_USER_INPUT"),
    "270 000 lists in metadata": (CREATED, items(metadata={"a": [[[]] * 900] * 300}), "BAD_REQUEST"),
    "38 000 ids": (
        CREATED,
        items(terms=[{"taxonomy": "product-categories", "terms": ["VGVybTow"] * 950}] * 4, price="a"),
        "VALIDATION",
    ),
    "60 000 unknown fields": (FILTERED, {f"titl{n}": 1 for n in range(60_000)}, "BAD_REQUEST"),
    "39 000 unknown fields": (FILTERED, {f"titl{n}": 1 for n in range(39_000)}, "BAD_USER_INPUT"),
    "a number of 5000 digits": ("query ($v: Int) { products(first: $v) { totalCount } }", 10**4000, "BAD_USER_INPUT"),
    "infinity": ("query ($v: Int) { products(first: $v) { totalCount } }", 1e308, "BAD_USER_INPUT"),
    "a list of 100 000": ("query ($v: [ID!]!) { nodes(ids: $v) { id } }", ["a"] * MANY, "BAD_USER_INPUT"),
    "a list of 1001": ("query ($v: [ID!]!) { nodes(ids: $v) { id } }", ["a"] * 1001, "BAD_USER_INPUT"),
    "60 levels": ("query ($v: ProductFilter) { products(filter: $v) { totalCount } }", 60, "BAD_USER_INPUT"),
    "a text of 500 000": (
        "query ($v: String) { products(search: $v) { totalCount } }",
        "a" * 500_000,
        "BAD_USER_INPUT",
    ),
    "NUL": ("query ($v: String) { products(search: $v) { totalCount } }", "a\0b", "BAD_USER_INPUT"),
    "NUL in an id": ("query ($v: ID!) { node(id: $v) { id } }", "\0", "BAD_USER_INPUT"),
    "another type": ("query ($v: String) { products(search: $v) { totalCount } }", {"a": [1]}, "BAD_USER_INPUT"),
}

# 50 MB of one letter. What gzip made may follow each other.
BOMB = gzip.compress(b"a" * 1_000_000) * 50
BODIES: dict[str, tuple[bytes, dict[str, str], int]] = {
    "10 MB": (b'{"query": "' + b"a" * 10_000_000 + b'"}', {}, 413),
    "a bomb": (BOMB, {"Content-Encoding": "gzip"}, 415),
    "a bomb that does not say so": (BOMB, {}, 400),
    "arrays in arrays": (b"[" * 500_000, {}, 400),
    "an array of requests": (b'[{"query": "{ __typename }"}]', {}, 400),
    "deep variables": (b'{"query": "{ __typename }", "variables": {"a": ' + b"[" * 900 + b"]" * 900 + b"}}", {}, 400),
    "many keys": (
        json.dumps({"query": "{ __typename }", "variables": {f"k{n}": n for n in range(38_000)}}).encode(),
        {},
        200,
    ),
    "more keys": (
        json.dumps({"query": "{ __typename }", "variables": {f"k{n}": n for n in range(60_000)}}).encode(),
        {},
        400,
    ),
    "350 000 lists": (b'{"query": "{ __typename }", "variables": {"a": [' + b"[]," * 345_000 + b"[]]}}", {}, 400),
    "200 000 lists of lists": (b'{"query": "{ __typename }", "a": [' + b"[[]]," * 200_000 + b"[]]}", {}, 400),
    "500 000 numbers": (b'{"query": "{ __typename }", "extensions": {"a": [' + b"1," * 500_000 + b"1]}}", {}, 400),
    "brackets in a text": (
        b'{"query": "{ __typename }", "variables": {"a": "\\\\", "b": "\\"' + b"[{" * 250_000 + b'"}}',
        {},
        200,
    ),
    "a lone surrogate": (b'{"query": "{ __typename }", "variables": {"\\ud800": 1}}', {}, 400),
    "NUL as a key": (b'{"query": "{ __typename }", "variables": {"\\u0000": "\\u0000"}}', {}, 200),
    "not UTF-8": (b'{"query": "{ \xff }"}', {}, 400),
    "a name of a megabyte": (
        json.dumps({"query": "{ __typename }", "operationName": "a" * 1_000_000}).encode(),
        {},
        400,
    ),
    "NUL in a name": (b'{"query": "{ __typename }", "operationName": "\\u0000"}', {}, 400),
    "a number of 100 000 digits": (
        b'{"query": "{ __typename }", "variables": {"a": ' + b"9" * 100_000 + b"}}",
        {},
        400,
    ),
}
