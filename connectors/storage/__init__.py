"""Where files are kept that buyers download: a folder of this machine, or buckets that speak S3."""

from connectors.storage.driver import FileStat, Missing, StorageUnavailable
from connectors.storage.drivers import Storage, UnknownDriver
from connectors.storage.link import BadLink, ExpiredLink, Link, Links
from connectors.storage.path import UnsafePath, safe

__all__ = [
    "BadLink",
    "ExpiredLink",
    "FileStat",
    "Link",
    "Links",
    "Missing",
    "Storage",
    "StorageUnavailable",
    "UnknownDriver",
    "UnsafePath",
    "safe",
]
