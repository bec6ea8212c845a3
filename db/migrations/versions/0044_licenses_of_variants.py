"""What licences of a variant are like, and licences whose piece came back."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("product_variant", sa.Column("licensed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column(
        "product_variant", sa.Column("license_limit", sa.Integer(), nullable=False, server_default=sa.text("0"))
    )
    op.add_column("product_variant", sa.Column("license_months", sa.Integer(), nullable=True))
    op.add_column("license", sa.Column("returned", sa.Boolean(), nullable=False, server_default=sa.false()))
