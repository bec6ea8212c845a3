"""A process that brings the database of this URL up to date."""

import sys

from db import migrations

if __name__ == "__main__":
    migrations.upgrade(sys.argv[1])
