"""GraphiQL for browsers, served from files of this package alone; ``assets/README.md`` says where they come from."""

from server.graphql.graphiql.files import routes
from server.graphql.graphiql.page import Document, page

__all__ = ["Document", "page", "routes"]
