"""How a statement whose columns are known only at run time is typed."""

from typing import Any, TypeAlias

from sqlalchemy import Select

AnySelect: TypeAlias = "Select[*tuple[Any, ...]]"
