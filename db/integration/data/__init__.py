"""What is told of what happened: the documented payload, and the values of smart codes and conditions. Read anew, in a
bounded number of statements, as whoever it is told to may see it."""

from db.integration.data.event import EventData, Happened, data_of, product_of, wants_downloads
from db.integration.data.order import OrderData, load_orders
from db.integration.data.product import ProductData, Wanted, load_products
from db.integration.data.store import StoreData, load_store

__all__ = [
    "EventData",
    "Happened",
    "OrderData",
    "ProductData",
    "StoreData",
    "Wanted",
    "data_of",
    "load_orders",
    "load_products",
    "load_store",
    "product_of",
    "wants_downloads",
]
