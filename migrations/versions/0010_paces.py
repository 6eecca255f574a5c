"""How fast letters may go to a server or a recipient domain: one bucket for all senders."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "paces",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Float(53), nullable=False),
        sa.Column("at", UTC, nullable=True),
        sa.Column("slowed", sa.Float(53), nullable=True),
        sa.Column("trouble_at", UTC, nullable=True),
        sa.Column("first", sa.Date(), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_paces"),
    )


def downgrade() -> None:
    raise NotImplementedError("there is no way back: restore a backup")
