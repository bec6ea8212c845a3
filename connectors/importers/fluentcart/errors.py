"""Why an import cannot begin or go on: each is one clear line for whoever started it."""


class ImportRefused(Exception):
    """The import cannot go on. What is committed stays; the next run goes on after it."""


class WrongUrl(ImportRefused):
    """Nothing that speaks HTTP can be reached there."""


class WrongCredentials(ImportRefused):
    """The site does not let this user in, or not to the store."""


class NoFluentCart(ImportRefused):
    """A site answers, but not FluentCart."""


class StoreFailing(ImportRefused):
    """The store was there, but stopped answering or answers what cannot be followed."""
