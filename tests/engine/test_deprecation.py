"""What of a schema a document uses that is on its way out."""

from graphql import build_schema, parse

from engine.declared.deprecation import deprecated_uses

SCHEMA = build_schema(
    """
    enum Size { SMALL  HUGE @deprecated(reason: "Use SMALL. Gone on 2027-01-01.") }
    type Hat { size: Size  brim: Int @deprecated(reason: "Hats have none. Gone on 2027-01-01.") }
    input By { colour: String  color: String @deprecated(reason: "Use colour.") }
    type Query {
      hat(size: Size, by: By): Hat
      cap(of: Int @deprecated(reason: "Caps are of nothing.")): Hat
    }
    """
)


def test_each_use_is_told_once_with_its_reason() -> None:
    document = parse(
        """
        query { hat(size: HUGE, by: { color: "red" }) { brim again: brim ...F } cap(of: 1) { size } }
        fragment F on Hat { brim }
        """
    )

    assert deprecated_uses(SCHEMA, document) == [
        "The enum value 'Size.HUGE' is deprecated. Use SMALL. Gone on 2027-01-01.",
        "The input field By.color is deprecated. Use colour.",
        "The field Hat.brim is deprecated. Hats have none. Gone on 2027-01-01.",
        "The argument 'Query.cap(of:)' is deprecated. Caps are of nothing.",
    ]


def test_what_stays_is_not_told() -> None:
    assert deprecated_uses(SCHEMA, parse('{ hat(size: SMALL, by: { colour: "red" }) { size } }')) == []
