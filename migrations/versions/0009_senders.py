"""What processes that send say of themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "senders",
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("started_at", UTC, nullable=False),
        sa.Column("seen_at", UTC, nullable=False),
        sa.Column("letters", sa.JSON(), nullable=False),
        sa.Column("commits", sa.BigInteger(), nullable=False),
        sa.Column("commit_s", sa.Float(53), nullable=False),
        sa.Column("out", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("owner", name="pk_senders"),
    )


def downgrade() -> None:
    raise NotImplementedError("there is no way back: restore a backup")
