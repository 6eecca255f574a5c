"""Who may use the API and the operator's page, and what an editor chose."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)


def required(name, kind, *rest, **how):
    return sa.Column(name, kind, *rest, nullable=False, **how)


def upgrade() -> None:
    op.create_table(
        "tokens",
        required("id", sa.String(12)),
        required("name", sa.Text()),
        required("secret_hash", sa.String(64)),
        required("scopes", sa.JSON()),
        required("created_at", UTC),
        sa.Column("expires_at", UTC),
        sa.Column("last_used_at", UTC),
        sa.Column("revoked_at", UTC),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
    )
    op.create_index("ix_tokens_name", "tokens", ["name"])
    op.create_table(
        "operators",
        required("name", sa.String(32)),
        required("password", sa.Text()),
        required("changed_at", UTC),
        sa.PrimaryKeyConstraint("name", name="pk_operators"),
    )
    op.create_table(
        "sessions",
        required("key_hash", sa.String(64)),
        required("who", sa.String(32)),
        required("created_at", UTC),
        required("seen_at", UTC),
        sa.PrimaryKeyConstraint("key_hash", name="pk_sessions"),
    )
    op.create_table(
        "failed_logins",
        sa.Column("id", sa.Integer(), primary_key=True),
        required("at", UTC),
        required("network", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="pk_failed_logins"),
    )
    op.create_index("ix_failed_logins_network_at", "failed_logins", ["network", "at"])
    op.create_table(
        "choices",
        sa.Column("id", sa.Integer(), primary_key=True),
        required("at", UTC),
        required("edition_date", sa.Date()),
        required("slot", sa.SmallInteger()),
        required("reason", sa.Text()),
        required("who", sa.String(32)),
        required("dropped", sa.JSON()),
        required("taken", sa.JSON()),
        sa.PrimaryKeyConstraint("id", name="pk_choices"),
    )
    op.create_index("ix_choices_edition_date", "choices", ["edition_date"])


def downgrade() -> None:
    raise NotImplementedError("there is no way back: restore a backup")
