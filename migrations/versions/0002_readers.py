"""What readers do by themselves: asking, confirming, leaving, and the mails that answer them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)


def required(name, kind, *rest, **how):
    return sa.Column(name, kind, *rest, nullable=False, **how)


def upgrade() -> None:
    # Plain ADD COLUMN on both databases: rebuilding SQLite's table would lose its AUTOINCREMENT.
    op.add_column("subscribers", required("images", sa.String(8), server_default=sa.text("''")))
    op.add_column("subscribers", sa.Column("asked_at", UTC))
    op.add_column("subscribers", sa.Column("left_at", UTC))
    notices()
    asks()
    consents()


def notices() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), primary_key=True),
        required("kind", sa.String(16)),
        required("subscriber_id", sa.Integer()),
        required("status", sa.String(16)),
        required("created_at", UTC),
        required("next_at", UTC),
        required("attempts", sa.Integer()),
        sa.Column("owner", sa.Text()),
        required("last_reply", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
    )
    op.create_index("ix_notices_subscriber_id", "notices", ["subscriber_id"])
    op.create_index("ix_notices_status_next_at", "notices", ["status", "next_at"])
    op.create_index("ix_notices_created_at", "notices", ["created_at"])


def asks() -> None:
    op.create_table(
        "asks",
        sa.Column("id", sa.Integer(), primary_key=True),
        required("at", UTC),
        required("purpose", sa.String(16)),
        required("network", sa.String(64)),
        required("address", sa.String(64)),
        required("domain", sa.String(64)),
        required("mailed", sa.Boolean()),
        sa.PrimaryKeyConstraint("id", name="pk_asks"),
    )
    op.create_index("ix_asks_at", "asks", ["at"])
    op.create_index("ix_asks_address", "asks", ["address"])


def consents() -> None:
    op.create_table(
        "consents",
        sa.Column("id", sa.Integer(), primary_key=True),
        required("at", UTC),
        required("subscriber_id", sa.Integer()),
        required("address", sa.String(64)),
        required("action", sa.String(16)),
        required("via", sa.String(16)),
        required("form", sa.String(32)),
        required("ip", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
    )
    op.create_index("ix_consents_subscriber_id", "consents", ["subscriber_id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute("""
            CREATE FUNCTION refuse_change_of_consents() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'the consent log is append-only'
                    USING ERRCODE = 'integrity_constraint_violation';
            END $$
        """)
        op.execute("""
            CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON consents
            FOR EACH ROW EXECUTE FUNCTION refuse_change_of_consents()
        """)
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(f"""
            CREATE TRIGGER consents_{verb.lower()} BEFORE {verb} ON consents
            BEGIN SELECT RAISE(ABORT, 'the consent log is append-only'); END
        """)


def downgrade() -> None:
    raise NotImplementedError("there is no way back: restore a backup")
