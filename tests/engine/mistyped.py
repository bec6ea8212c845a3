"""What mypy has to refuse of a declaration: nothing imports this. `make lint` fails where mypy finds no mistake in a
line that ignores one, and where it finds one in a line that does not."""

from db.catalog import visibility
from db.catalog.product import ProductRow
from engine.declared.declaration import column, computed
from engine.declared.entity import Node, entity


@entity(ProductRow, visible=visibility.products, description="A product.")
class Book(Node):
    slug: str = column(ProductRow.slug)
    title: int = column(ProductRow.title)  # type: ignore[assignment]
    published_at: str | None = column(ProductRow.published_at)  # type: ignore[assignment]
    length: str = computed(len, ProductRow.title)  # type: ignore[assignment]
    excerpt: int = computed(len, ProductRow.min_price)  # type: ignore[arg-type]
