"""Smart codes: texts with `{{order.id}}` in them, filled from what is known of an order, a product or the store. Pure:
nothing here reads a database; whoever renders says where values come from (`Context`)."""

from db.integration.template.catalogue import GROUPS, Code, CodeGroup
from db.integration.template.context import NOTHING, Context, Group, group
from db.integration.template.escaping import Target
from db.integration.template.failure import Budget, TemplateError
from db.integration.template.syntax import Problem
from db.integration.template.template import Template, compiled, problems
from db.integration.template.value import Rich

__all__ = [
    "GROUPS",
    "NOTHING",
    "Budget",
    "Code",
    "CodeGroup",
    "Context",
    "Group",
    "Problem",
    "Rich",
    "Target",
    "Template",
    "TemplateError",
    "compiled",
    "group",
    "problems",
]
