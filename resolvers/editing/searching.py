"""How nouns are searched by one text of theirs."""

from sqlalchemy import Column

from db.text.search import contained, proposed, sought
from engine.declared.listing import Search


def of_text(text: Column[str], said: str) -> Search:
    """A search of the table of `text` by it alone; `said`: what is in it."""
    return Search(
        sought,
        condition=lambda names, _viewer: contained(text, names),
        proposed=lambda names, dialect: proposed(text, names, dialect),
        said=f"Each word, in any order, is looked for in {said}, whatever the case and the accents; an index helps "
        "with words of three characters on.",
    )
