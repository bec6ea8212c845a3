"""Everything that can be done to a catalogue, done at random: each action is one mutation, sensible or not."""

from collections.abc import Callable, Coroutine, Mapping
from random import Random
from typing import Any, Final, TypeAlias

from sqlalchemy import Table, delete, insert, select, update

from db.catalog.attribute import AttributeGroupRow, AttributeTermRow
from db.catalog.download import DownloadRow
from db.catalog.product import ProductRow
from db.catalog.shipping import ShippingClassRow
from db.catalog.tax import TaxClassRow
from db.catalog.taxonomy import BRANDS, CATEGORIES, TermRow
from db.catalog.upgrade_path import UpgradePathRow
from db.catalog.variant import VariantRow
from db.commerce.order import OrderItemRow, OrderRow, OrderStatus
from db.store.row import Row, table
from db.tables import METADATA
from engine.values import identity
from tests import factories
from tests.gateway import Gateway

PRODUCT, VARIANT, DOWNLOAD = table(ProductRow), table(VariantRow), table(DownloadRow)
PATH, TERM, TAX, SHIPPING = table(UpgradePathRow), table(TermRow), table(TaxClassRow), table(ShippingClassRow)
GROUP, OF_GROUP = table(AttributeGroupRow), table(AttributeTermRow)
TYPES: Final[Mapping[Table, str]] = {
    PRODUCT: "Product",
    VARIANT: "ProductVariant",
    DOWNLOAD: "ProductDownload",
    PATH: "UpgradePath",
    TERM: "Term",
    TAX: "TaxClass",
    SHIPPING: "ShippingClass",
    GROUP: "AttributeGroup",
    OF_GROUP: "AttributeTerm",
}
# So many products that writers meet, and so few that a step stays quick.
MOST_PRODUCTS: Final = 12
MISSING: Final = 999_999
FAR: Final = "2090-01-01T00:00:00Z"

Input: TypeAlias = dict[str, Any]


class Shop:
    """A catalogue, and what a random writer says next. `codes` counts what the user errors were."""

    def __init__(self, gateway: Gateway, random: Random) -> None:
        self.gateway = gateway
        self.random = random

    async def do(self, name: str, input: Input) -> list[dict[str, Any]]:
        """The user errors. Whatever the input, there is a payload: an error would be INTERNAL."""
        type_ = f"{name[0].upper()}{name[1:]}Input"
        document = (
            f"mutation Do($input: {type_}!) {{ {name}(input: $input) {{ userErrors {{ code message field }} }} }}"
        )
        answer = await self.gateway.answer(document, {"input": input})
        assert "errors" not in answer.body, (name, input, answer.body["errors"])
        errors: list[dict[str, Any]] = answer.body["data"][name]["userErrors"]
        assert all(error["code"] in EXPECTED for error in errors), (name, input, errors)
        return errors

    async def keys(self, of: Table, *where: Any) -> list[int]:
        async with self.gateway.database.read() as connection:
            return list((await connection.execute(select(of.c.id).where(*where).order_by(of.c.id))).scalars())

    async def some(self, of: Table, *where: Any) -> str:
        """The id of a row, now and then of one that is not there."""
        keys = await self.keys(of, *where)
        return identity.encode(TYPES[of], self.random.choice(keys) if keys and self.chance(0.95) else MISSING)

    async def several(self, of: Table, most: int, *where: Any) -> list[str]:
        keys = await self.keys(of, *where)
        return [identity.encode(TYPES[of], k) for k in self.random.sample(keys, min(len(keys), self.upto(most)))]

    async def product_with_variants(self) -> tuple[str, list[str]]:
        product = await self.some(PRODUCT)
        variants = await self.several(VARIANT, 3, VARIANT.c.product_id == int(identity.decode(product).key))
        return product, variants

    def chance(self, of_one: float) -> bool:
        return self.random.random() < of_one

    def upto(self, most: int) -> int:
        return self.random.randint(0, most)

    def one(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    def partly(self, **fields: Any) -> Input:
        """Some of the fields."""
        return {name: value for name, value in fields.items() if self.chance(0.4)}

    def variant(self) -> Input:
        """What every input of a variant may say."""
        price = self.one(0, 500, 1000, 2500)
        return self.partly(
            sku=self.one(None, *(f"SKU-{n}" for n in range(12)), "sku-3", "x" * 31),
            price=price,
            comparePrice=self.one(0, price, price + 500, 1),
            manageCost=self.chance(0.5),
            cost=self.one(None, 100),
            interval=self.one(None, "MONTHLY", "YEARLY"),
            billingTimes=self.one(0, 1, 12),
            trialDays=self.one(0, 14, 366),
            hasSetupFee=self.chance(0.5),
            setupFee=self.one(None, 100),
            setupFeeLabel=self.one(None, "Setup"),
            installment=self.chance(0.2),
            status=self.one("ACTIVE", "INACTIVE"),
        )

    def numbers(self) -> Input:
        return {name: self.upto(9) for name in ("totalStock", "available", "committed", "onHold")}

    def kind(self) -> Input:
        payment = self.one("ONETIME", "ONETIME", "SUBSCRIPTION")
        of_it = {"interval": "MONTHLY", "hasSetupFee": False} if payment == "SUBSCRIPTION" else {}
        return {"fulfillmentType": self.one("PHYSICAL", "DIGITAL"), "paymentType": payment, **of_it}

    def title(self) -> str:
        return str(self.one("Mug", "Big Mug", "Äpfel & Birnen", "Lampe", "x" * 201, " "))


EXPECTED: Final = frozenset({"VALIDATION", "CONFLICT", "NOT_FOUND", "BUSINESS_RULE"})
Action: TypeAlias = Callable[[Shop], Coroutine[Any, Any, None]]


async def product_create(shop: Shop) -> None:
    if len(await shop.keys(PRODUCT)) >= MOST_PRODUCTS:
        return await product_delete(shop)
    variants = [
        shop.kind() | shop.variant() | {"title": f"{n}"} | shop.partly(manageStock=True, available=shop.upto(3))
        for n in range(shop.upto(3))
    ]
    several = {"variationType": shop.one("SIMPLE", "SIMPLE_VARIATIONS")}
    given = {"title": shop.title(), "isBundle": shop.chance(0.4), **several, "manageStock": shop.chance(0.4)}
    status = shop.one({}, {"status": "PUBLISH"}, {"status": "FUTURE", "publishedAt": FAR}, {"status": "FUTURE"})
    await shop.do("productCreate", given | status | ({"variants": variants} if variants else {}))
    return None


async def product_update(shop: Shop) -> None:
    product, variants = await shop.product_with_variants()
    named = [{"id": variant, **shop.variant(), **shop.partly(expectedVersion=shop.upto(5))} for variant in variants]
    changes = shop.partly(
        title=shop.title(),
        slug=shop.one("mug", "lampe", None),
        status=shop.one("DRAFT", "PUBLISH"),
        variationType=shop.one("SIMPLE", "SIMPLE_VARIATIONS"),
        manageStock=shop.chance(0.5),
        defaultVariantId=shop.one(None, *variants),
        variants=named,
        expectedVersion=shop.upto(5),
    )
    await shop.do("productUpdate", {"id": product, **changes})


async def product_delete(shop: Shop) -> None:
    await shop.do("productDelete", {"id": await shop.some(PRODUCT)})


async def product_duplicate(shop: Shop) -> None:
    if len(await shop.keys(PRODUCT)) >= MOST_PRODUCTS:
        return await product_delete(shop)
    flags = {"importStockManagement": shop.chance(0.5), "importDownloadableFiles": shop.chance(0.5)}
    await shop.do("productDuplicate", {"id": await shop.some(PRODUCT), **flags})
    return None


async def product_bulk(shop: Shop) -> None:
    action = shop.one("PUBLISH", "DRAFT", "DELETE", "DUPLICATE")
    ids = [*(await shop.several(PRODUCT, 2)), await shop.some(PRODUCT)]
    if action == "DUPLICATE" and len(await shop.keys(PRODUCT)) >= MOST_PRODUCTS:
        action = "DELETE"
    await shop.do("productBulkAction", {"action": action, "ids": ids})


async def product_detail(shop: Shop) -> None:
    product, variants = await shop.product_with_variants()
    named = shop.partly(
        variationType=shop.one("SIMPLE", "SIMPLE_VARIATIONS", "ADVANCED_VARIATIONS"),
        variantIds=variants,
        defaultVariantId=shop.one(None, *variants),
        action=shop.one("CHANGE_VARIATION_TYPE", "VARIANT_MODIFIED"),
    )
    await shop.do("productDetailUpdate", {"id": product, **named})


async def editor(shop: Shop) -> None:
    await shop.do("productEditorModeUpdate", {"id": await shop.some(PRODUCT), "activeEditor": shop.one("a", "b", "")})


async def classes(shop: Shop) -> None:
    product = await shop.some(PRODUCT)
    kind = shop.one("Tax", "Shipping")
    of = TAX if kind == "Tax" else SHIPPING
    if shop.chance(0.3):
        await shop.do(f"product{kind}ClassRemove", {"id": product})
    elif shop.chance(0.1):
        await shop.do(f"{kind.lower()}ClassDelete", {"id": await shop.some(of)})
    else:
        await shop.do(f"product{kind}ClassSet", {"id": product, f"{kind.lower()}ClassId": await shop.some(of)})


async def variant_create(shop: Shop) -> None:
    stock = {"manageStock": shop.chance(0.4), "stockStatus": "IN_STOCK", **shop.numbers()}
    given = {"productId": await shop.some(PRODUCT), "title": shop.title(), **shop.variant(), **shop.kind(), **stock}
    await shop.do("variantCreate", given)


async def variant_update(shop: Shop) -> None:
    beside = shop.partly(
        title=shop.title(), manageStock=shop.chance(0.5), available=shop.upto(3), position=shop.upto(5)
    )
    kind = shop.kind() if shop.chance(0.3) else {}
    await shop.do("variantUpdate", {"id": await shop.some(VARIANT), **shop.variant(), **kind, **beside})


async def variant_delete(shop: Shop) -> None:
    await shop.do("variantDelete", {"id": await shop.some(VARIANT)})


async def inventory(shop: Shop) -> None:
    product, variants = await shop.product_with_variants()
    variant = variants[0] if variants else await shop.some(VARIANT)
    numbers = {"totalStock": shop.upto(9), "available": shop.one(0, 0, 3, -1)}
    await shop.do("inventoryUpdate", {"productId": product, "variantId": variant, **numbers})


async def manage_stock(shop: Shop) -> None:
    await shop.do("manageStockUpdate", {"productId": await shop.some(PRODUCT), "manageStock": shop.chance(0.5)})


async def options(shop: Shop) -> None:
    groups = await shop.several(GROUP, 2)
    chosen = []
    for group in groups:
        key = int(identity.decode(group).key)
        chosen.append({"groupId": group, "termIds": await shop.several(OF_GROUP, 2, OF_GROUP.c.group_id == key)})
    product = await shop.some(PRODUCT)
    type_ = shop.one("ADVANCED_VARIATIONS", "ADVANCED_VARIATIONS", "SIMPLE")
    await shop.do("productVariantOptionsSync", {"productId": product, "variationType": type_, "options": chosen})


async def downloads(shop: Shop) -> None:
    product, variants = await shop.product_with_variants()
    file = {"title": "File", "type": "zip", "driver": "local", "fileName": "file.zip", "variantIds": variants}
    await shop.do("downloadsSync", {"productId": product, "files": [file]})


async def download(shop: Shop) -> None:
    file = await shop.some(DOWNLOAD)
    if shop.chance(0.4):
        await shop.do("downloadDelete", {"id": file})
    else:
        variants = await shop.several(VARIANT, 2)
        await shop.do("downloadUpdate", {"id": file, **shop.partly(title="Other", variantIds=variants)})


async def terms(shop: Shop) -> None:
    taxonomy = shop.one(CATEGORIES, BRANDS)
    if shop.chance(0.1):
        await shop.do("termDelete", {"id": await shop.some(TERM)})
        return
    ids = await shop.several(TERM, 2, *([TERM.c.taxonomy == taxonomy] if shop.chance(0.9) else []))
    await shop.do("productTermsSync", {"id": await shop.some(PRODUCT), "taxonomy": taxonomy, "termIds": ids})


async def bundle(shop: Shop) -> None:
    bundles = select(PRODUCT.c.id).where(PRODUCT.c.is_bundle)
    await shop.do(
        "bundleSave",
        {
            "id": await shop.some(VARIANT, VARIANT.c.product_id.in_(bundles)),
            "childIds": await shop.several(
                VARIANT, 3, *([VARIANT.c.product_id.not_in(bundles)] * shop.one(0, 1, 1, 1))
            ),
        },
    )


async def upgrade_path(shop: Shop) -> None:
    what = shop.one("Create", "Create", "Update", "Delete")
    targets = await shop.several(VARIANT, 2)
    if what == "Create":
        product, variants = await shop.product_with_variants()
        start = variants[0] if variants else await shop.some(VARIANT)
        await shop.do("upgradePathCreate", {"productId": product, "fromVariantId": start, "toVariantIds": targets})
    elif what == "Update":
        await shop.do("upgradePathUpdate", {"id": await shop.some(PATH), "toVariantIds": targets})
    else:
        await shop.do("upgradePathDelete", {"id": await shop.some(PATH)})


async def order(shop: Shop) -> None:
    """Somebody orders; somebody else's order is completed. Orders come from elsewhere, and may meet a product's end."""
    variants = await shop.keys(VARIANT)
    if not variants or shop.chance(0.4):
        async with shop.gateway.database.write() as connection:
            await connection.execute(update(table(OrderRow)).values(status=OrderStatus.COMPLETED))
            await connection.commit()
        return
    number, variant = shop.random.randrange(2**40), shop.random.choice(variants)
    owner = select(VARIANT.c.product_id).where(VARIANT.c.id == variant).scalar_subquery()
    async with shop.gateway.database.write() as connection:
        # In everybody's order: products before variants.
        of_product = select(PRODUCT.c.id).where(PRODUCT.c.id == owner)
        product = (await connection.execute(of_product.with_for_update(read=True, key_share=True))).scalar()
        of_variant = select(VARIANT.c.id).where(VARIANT.c.id == variant, VARIANT.c.product_id == product)
        if (await connection.execute(of_variant.with_for_update(read=True, key_share=True))).scalar():
            row = factories.order(number, uuid=f"{number}", status=OrderStatus.PROCESSING)
            item = factories.order_item(number, number, product_id=product, variant_id=variant)
            await connection.execute(insert(OrderRow).values(row.model_dump()))
            await connection.execute(insert(OrderItemRow).values(item.model_dump()))
            await connection.commit()


ACTIONS: Final[Mapping[str, Action]] = {
    action.__name__: action
    for action in (
        product_create,
        product_update,
        product_delete,
        product_duplicate,
        product_bulk,
        product_detail,
        editor,
        classes,
        variant_create,
        variant_update,
        variant_delete,
        inventory,
        manage_stock,
        options,
        downloads,
        download,
        terms,
        bundle,
        upgrade_path,
        order,
    )
}


async def opened_shop(gateway: Gateway) -> None:
    """Three products that hang together and what they can be given; nothing else is left in the database."""
    async with gateway.database.write() as connection:
        for each in reversed(METADATA.sorted_tables):
            await connection.execute(delete(each))
        await connection.commit()
    rows: list[Row] = [factories.categories(), factories.brands(), factories.provider("crm")]
    rows += [factories.term(n, name=f"Category {n}") for n in (1, 2, 3)]
    rows += [factories.term(4, BRANDS, name="Brand")]
    rows += [TaxClassRow(id=n, title=f"Tax {n}", slug=f"tax-{n}") for n in (1, 2)]
    rows += [factories.shipping_class(n) for n in (1, 2)]
    rows += [AttributeGroupRow(id=n, title=f"Group {n}", slug=f"group-{n}") for n in (1, 2)]
    rows += [AttributeTermRow(id=n, group_id=(n + 1) // 2, title=f"T{n}", slug=f"t{n}") for n in (1, 2, 3, 4)]
    await factories.store_rows(gateway, rows)
    gateway.put("file.zip")
    shop = Shop(gateway, Random(0))
    for title, bundle_ in (("Mug", False), ("Lamp", False), ("Set", True)):
        variants = [{"title": size, "price": 1000 * n} for n, size in enumerate(("S", "L"), start=1)]
        errors = await shop.do(
            "productCreate",
            {"title": title, "isBundle": bundle_, "variationType": "SIMPLE_VARIATIONS", "variants": variants},
        )
        assert errors == []
    (small, large, _, _, whole, _) = [identity.encode("ProductVariant", key) for key in await shop.keys(VARIANT)]
    mug = identity.encode("Product", (await shop.keys(PRODUCT))[0])
    file = {"title": "File", "type": "zip", "driver": "local", "fileName": "file.zip", "variantIds": [small]}
    assert await shop.do("bundleSave", {"id": whole, "childIds": [small, large]}) == []
    assert await shop.do("downloadsSync", {"productId": mug, "files": [file]}) == []
    path = {"productId": mug, "fromVariantId": small, "toVariantIds": [large]}
    assert await shop.do("upgradePathCreate", path) == []
