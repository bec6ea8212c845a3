"""Trusted documents and how they are used."""

from datetime import datetime
from functools import lru_cache
from typing import Final

from graphql import parse, validate

from db.access import visibility
from db.access.document import TrustedDocumentRow
from engine.declared.declaration import column, computed
from engine.declared.deprecation import deprecated_uses
from engine.declared.entity import Node, entity

# More than a front end has. Judging a document takes milliseconds, and neither it nor the schema changes meanwhile.
_JUDGED: Final = 5000


@lru_cache(maxsize=_JUDGED)
def _deprecations(text: str) -> list[str]:
    from schema.root import schema  # documents are judged by the schema that this type is part of

    return deprecated_uses(schema.core, parse(text))


@lru_cache(maxsize=_JUDGED)
def _problems(text: str) -> list[str]:
    from schema.root import schema

    return [error.message for error in validate(schema.core, parse(text))]


@entity(
    TrustedDocumentRow,
    visible=visibility.trusted_documents,
    description="A document that a client was built with, registered by whoever deploys it.",
)
class TrustedDocument(Node):
    client: str = column(
        TrustedDocumentRow.client, description="The client that ships it, by the name that it was registered under."
    )
    document_id: str = column(TrustedDocumentRow.document_id, description="What the client sends as `documentId`.")
    operation: str | None = column(TrustedDocumentRow.operation, description="The names of its operations.")
    text: str = column(TrustedDocumentRow.text, description="The document itself, as it was registered.")
    uses: int = column(
        TrustedDocumentRow.uses,
        description="How often it was asked for; where several clients ship it, by all of them.",
    )
    last_used_at: datetime | None = column(
        TrustedDocumentRow.last_used_at, description="To the minute, in UTC; null when it was never asked for."
    )
    deprecations: list[str] = computed(
        _deprecations, TrustedDocumentRow.text, description="What it uses that is deprecated, with the reasons."
    )
    problems: list[str] = computed(
        _problems, TrustedDocumentRow.text, description="What the schema says against it by now; empty while it works."
    )
    registered_at: datetime = column(TrustedDocumentRow.registered_at, description="When it was registered, in UTC.")
