"""What an embedding model says of entries, so that each is read once."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "entry_vectors",
        sa.Column("entry", sa.String(64), nullable=False),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("entry", "model", name="pk_entry_vectors"),
        sa.ForeignKeyConstraint(
            ["entry"], ["entries.id"], name="fk_entry_vectors_entry", ondelete="CASCADE"
        ),
    )
