"""What is amiss and was told, preflights, who holds an edition, the key of a suppression."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)


def required(name, kind, *rest, **how):
    return sa.Column(name, kind, *rest, nullable=False, **how)


def upgrade() -> None:
    op.create_table(
        "alerts",
        required("kind", sa.String(16)),
        required("about", sa.Text()),
        required("words", sa.Text()),
        required("hint", sa.Text()),
        required("since", UTC),
        required("tell_at", UTC),
        sa.Column("tried_at", UTC),
        sa.Column("told_at", UTC),
        sa.Column("over_at", UTC),
        sa.Column("over_told_at", UTC),
        sa.PrimaryKeyConstraint("kind", "about", name="pk_alerts"),
    )
    op.create_table(
        "preflights",
        required("edition_date", sa.Date()),
        required("at", UTC),
        required("found", sa.JSON()),
        sa.PrimaryKeyConstraint("edition_date", name="pk_preflights"),
    )
    op.add_column("holds", required("cause", sa.String(16), server_default=sa.text("'operator'")))
    op.add_column("suppressions", required("key_id", sa.String(16), server_default=sa.text("''")))


def downgrade() -> None:
    raise NotImplementedError("there is no way back: restore a backup")
