"""What is made of texts that were stored before their rules."""

from tests import factories
from tests.db.stored_before import migrated


async def test_stored_markup_is_cleaned(unmigrated_database_url: str) -> None:
    unsafe = "<p onclick=x()>Hi</p><script>alert(1)</script>"
    first = factories.product(
        1,
        title="Mug <script>alert(1)</script>",
        excerpt="one\n<b>two</b>",
        content=unsafe,
        view_url=" JavaScript:alert(1)",
    )
    more_than_one_batch = [factories.product(key, title=f"<b>{key}</b>") for key in range(3, 510)]
    rows = [
        first,
        factories.product(2, title="1 < 2  and 3", content="<p>Hi<br/></p>"),
        *more_than_one_batch,
        factories.variant(11, 1, title="<b>Large</b>", description="<img src=x onerror=x()>Big", sku="MUG-1"),
        factories.taxonomy("product-brands", "<i>Brands</i>", "Brands", "Brand"),
        factories.term(1, "product-brands", name="<b></b>", description="<script>a</script>b"),
        factories.term(2, "product-brands", name="<b>Éclair</b>"),
        factories.media(1, product_id=1, url="https://store.example/a.jpg", title="<b>a</b>"),
        factories.media(2, product_id=1, url="javascript:alert(1)"),
    ]

    found = await migrated(
        unmigrated_database_url,
        "0006",
        rows,
        [
            "SELECT title, excerpt, content, view_url, version FROM product WHERE id < 3 ORDER BY id",
            "SELECT title_key, search_text FROM product WHERE id = 1",
            "SELECT title, description, search_text FROM product_variant",
            "SELECT label FROM taxonomy WHERE name = 'product-brands'",
            "SELECT name, name_key, description FROM term ORDER BY id",
            "SELECT url, title FROM media",
            "SELECT count(*) FROM product WHERE title LIKE '%<b%'",
        ],
    )

    assert found == [
        [("Mug alert(1)", "one\ntwo", "<p>Hi</p>", None, 1), ("1 < 2 and 3", "", "<p>Hi<br></p>", None, 1)],
        [("mug alert(1)", "mug alert(1)\n1\nlarge\nmug-1")],
        [("Large", "Big", "large\nmug-1")],
        [("Brands",)],
        [("1", "1", "ab"), ("Éclair", "eclair", "")],
        [("https://store.example/a.jpg", "a")],
        [(0,)],
    ]


async def test_stored_texts_are_folded_anew(unmigrated_database_url: str) -> None:
    rows = [
        factories.product(1, title="Crème Brûlée", title_key="crème brûlée", search_text="crème brûlée"),
        factories.variant(11, 1, title="Groß", sku="Ä-1", search_text="groß", position=2),
        factories.variant(12, 1, title="Klein", sku=None, search_text="klein", position=1),
        factories.product(2, title="Mug", title_key="mug", search_text="mug\n2"),
        factories.taxonomy("product-brands", "Brands", "Brands", "Brand"),
        factories.term(1, "product-brands", name="Éclair", name_key="éclair"),
    ]

    products, variants, terms = await migrated(
        unmigrated_database_url,
        "0010",
        rows,
        [
            "SELECT title_key, search_text, version FROM product ORDER BY id",
            "SELECT search_text FROM product_variant ORDER BY id",
            "SELECT name_key FROM term",
        ],
    )

    assert products == [("creme brulee", "creme brulee\n1\nklein\ngross\na-1", 1), ("mug", "mug\n2", 1)]
    assert (variants, terms) == ([("gross\na-1",), ("klein",)], [("eclair",)])


async def test_titles_of_attributes_have_their_keys(unmigrated_database_url: str) -> None:
    rows = [factories.attribute_group(n, title=f"GRÖSSE {n}") for n in range(1, 1003)]
    terms = [factories.attribute_term(1, 2, title="Crème"), factories.attribute_term(2, 2, title="creme", slug="two")]
    asked = [
        "SELECT count(DISTINCT title_key) FROM attribute_group",
        "SELECT title_key FROM attribute_group WHERE id = 1002",
        "SELECT title_key, slug FROM attribute_term ORDER BY id",
    ]
    found = await migrated(unmigrated_database_url, "0027", [*rows, *terms], asked)
    assert found == [[(1002,)], [("grosse 1002",)], [("creme", "term-1"), ("creme", "two")]]
