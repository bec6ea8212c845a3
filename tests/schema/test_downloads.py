"""Downloads as an import brings them."""

from tests.gateway import Gateway


async def test_an_import_says_which_files_are_everybodys(recorded_store: Gateway) -> None:
    document = "{ products(first: 100) { nodes { downloads { forAllVariants variants { id } } } } }"
    found = [d for p in (await recorded_store(document))["products"]["nodes"] for d in p["downloads"]]
    assert len(found) > 10
    assert all(download["forAllVariants"] == (not download["variants"]) for download in found)
