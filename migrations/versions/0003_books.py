"""The books of the ledger: how many rows a day has had, what is held, what is in doubt."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)


def required(name, kind, *rest, **how):
    return sa.Column(name, kind, *rest, nullable=False, **how)


def upgrade() -> None:
    op.add_column("deliveries", required("doubts", sa.SmallInteger(), server_default=sa.text("0")))
    op.add_column("deliveries", required("server", sa.Text(), server_default=sa.text("''")))
    op.create_table(
        "ledger_days",
        required("edition_date", sa.Date()),
        required("queued", sa.Integer()),
        required("missing", sa.Integer(), server_default=sa.text("0")),
        required("pruned", sa.JSON()),
        sa.Column("closed_at", UTC),
        sa.Column("cleared_at", UTC),
        sa.PrimaryKeyConstraint("edition_date", name="pk_ledger_days"),
    )
    op.create_table(
        "holds",
        required("name", sa.Text()),
        required("since", UTC),
        required("reason", sa.Text()),
        sa.PrimaryKeyConstraint("name", name="pk_holds"),
    )
    # Days that were sent before there were books: taken as they are.
    op.execute(
        "INSERT INTO ledger_days (edition_date, queued, pruned) "
        "SELECT edition_date, count(*), '{}' FROM deliveries GROUP BY edition_date"
    )


def downgrade() -> None:
    raise NotImplementedError("there is no way back: restore a backup")
