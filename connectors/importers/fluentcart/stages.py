"""The lists that are imported, in the order that their references want."""

from collections.abc import Iterable

from connectors.importers import reconcile
from connectors.importers.fluentcart.attached import Attached
from connectors.importers.fluentcart.catalog.listed import ListedProduct, Products
from connectors.importers.fluentcart.catalog.product import PRODUCT
from connectors.importers.fluentcart.clock import Clock
from connectors.importers.fluentcart.commerce.coupon import COUPON, COUPONS, Coupon, read_coupons
from connectors.importers.fluentcart.commerce.customer import (
    CUSTOMER,
    CUSTOMERS,
    Customer,
    ListedCustomer,
    read_customers,
)
from connectors.importers.fluentcart.commerce.order import ORDER, ORDERS, Order, read_orders
from connectors.importers.fluentcart.commerce.subscription import (
    SUBSCRIPTION,
    SUBSCRIPTIONS,
    Subscription,
    read_subscriptions,
)
from connectors.importers.fluentcart.commerce.writing import (
    write_coupons,
    write_customers,
    write_orders,
    write_subscriptions,
)
from connectors.importers.fluentcart.family import Family, Met, read_families
from connectors.importers.fluentcart.foundation import Known
from connectors.importers.fluentcart.linking import Pending
from connectors.importers.fluentcart.remote_list import Batch
from connectors.importers.fluentcart.stage import Stage
from connectors.importers.fluentcart.writing import write_families
from connectors.importers.mapping import Record
from connectors.importers.report import Progress, Report, Skipped
from connectors.importers.work import Work, Works


class ProductStage(Stage[ListedProduct, Family]):
    """`known` must be set before the first batch is taken."""

    def __init__(self, works: Works, source: str, progress: Progress) -> None:
        self._products = Products()
        super().__init__(works, source, PRODUCT, self._products.remote)
        self.known = Known({}, {})
        self._progress = progress
        self._clock = Clock()
        self._met = Met()
        self._attached = Attached()
        self._expected = 0
        self._done = 0

    @property
    def not_offered(self) -> set[str]:
        return self._products.not_offered

    def met_providers(self, providers: Iterable[str]) -> None:
        """Those that are written already."""
        self._attached.met |= set(providers)

    def begun(self, batch: Batch[ListedProduct]) -> None:
        if self._done + batch.remaining != self._expected:
            self._expected = self._done + batch.remaining
            self._progress.total(self._expected)

    def read(self, batch: Batch[ListedProduct]) -> tuple[list[Family], list[Skipped]]:
        return read_families(batch, self._clock, self._source, self._met)

    async def write(
        self, work: Work, batch: Batch[ListedProduct], rows: list[Family], after: int, upto: int
    ) -> tuple[Report, list[Pending]]:
        report, refused = await write_families(work, rows, after, self.known)
        here = {family.id for family in rows} - refused
        attached, pending = await self._attached.write(
            work, [product for product in batch.records if product.id in here]
        )
        report.add(attached)
        report.absent += sorted(await reconcile.between(work.connection, PRODUCT, after, upto) - batch.ids)
        return report, pending

    def done(self, batch: Batch[ListedProduct]) -> None:
        self._met.keep()
        self._done += len(batch.ids)
        self._progress.advance(len(batch.ids))


class CustomerStage(Stage[ListedCustomer, Customer]):
    def __init__(self, works: Works, source: str) -> None:
        super().__init__(works, source, CUSTOMER, CUSTOMERS)

    def read(self, batch: Batch[ListedCustomer]) -> tuple[list[Customer], list[Skipped]]:
        return read_customers(batch, self._source)

    async def write(
        self, work: Work, batch: Batch[ListedCustomer], rows: list[Customer], after: int, upto: int
    ) -> tuple[Report, list[Pending]]:
        return await write_customers(work, rows, after), []


class CouponStage(Stage[tuple[int, Record], Coupon]):
    def __init__(self, works: Works, source: str) -> None:
        super().__init__(works, source, COUPON, COUPONS)

    def read(self, batch: Batch[tuple[int, Record]]) -> tuple[list[Coupon], list[Skipped]]:
        return read_coupons(batch)

    async def write(
        self, work: Work, batch: Batch[tuple[int, Record]], rows: list[Coupon], after: int, upto: int
    ) -> tuple[Report, list[Pending]]:
        return await write_coupons(work, rows, after), []


class OrderStage(Stage[tuple[int, Record], Order]):
    def __init__(self, works: Works, source: str) -> None:
        super().__init__(works, source, ORDER, ORDERS)

    def read(self, batch: Batch[tuple[int, Record]]) -> tuple[list[Order], list[Skipped]]:
        return read_orders(batch, self._source)

    async def write(
        self, work: Work, batch: Batch[tuple[int, Record]], rows: list[Order], after: int, upto: int
    ) -> tuple[Report, list[Pending]]:
        return await write_orders(work, rows, after)


class SubscriptionStage(Stage[tuple[int, Record], Subscription]):
    def __init__(self, works: Works, source: str) -> None:
        super().__init__(works, source, SUBSCRIPTION, SUBSCRIPTIONS)

    def read(self, batch: Batch[tuple[int, Record]]) -> tuple[list[Subscription], list[Skipped]]:
        return read_subscriptions(batch, self._source)

    async def write(
        self,
        work: Work,
        batch: Batch[tuple[int, Record]],
        rows: list[Subscription],
        after: int,
        upto: int,
    ) -> tuple[Report, list[Pending]]:
        return await write_subscriptions(work, rows, after), []
