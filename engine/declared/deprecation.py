"""What of a schema a document uses that is on its way out."""

from graphql import DocumentNode, GraphQLSchema, NoDeprecatedCustomRule, validate


def deprecated_uses(schema: GraphQLSchema, document: DocumentNode) -> list[str]:
    """One sentence for each deprecated field, argument or enum value that a valid document uses, with the reason that
    the schema gives; each once. Values in variables are not seen."""
    return list(dict.fromkeys(error.message for error in validate(schema, document, [NoDeprecatedCustomRule])))
