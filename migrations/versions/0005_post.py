"""What comes in by mail: raw messages for a while, and a log of what they said."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

UTC = sa.DateTime(timezone=True)


def required(name, kind, *rest, **how):
    return sa.Column(name, kind, *rest, nullable=False, **how)


def upgrade() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.Integer(), primary_key=True),
        required("at", UTC),
        required("digest", sa.String(64)),
        sa.Column("subscriber_id", sa.Integer()),
        required("said", sa.Text()),
        required("raw", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.UniqueConstraint("digest", name="uq_messages_digest"),
    )
    op.create_index("ix_messages_at", "messages", ["at"])
    op.create_index("ix_messages_subscriber_id", "messages", ["subscriber_id"])
    op.create_table(
        "heard",
        sa.Column("id", sa.Integer(), primary_key=True),
        required("at", UTC),
        required("kind", sa.String(16)),
        required("outcome", sa.Text()),
        sa.Column("subscriber_id", sa.Integer()),
        sa.Column("delivery_id", sa.BigInteger()),
        required("address", sa.String(64)),
        required("reason", sa.String(40)),
        required("status", sa.String(16)),
        required("proof", sa.String(16)),
        required("weight", sa.Float(53)),
        sa.Column("message_id", sa.Integer()),
        sa.PrimaryKeyConstraint("id", name="pk_heard"),
    )
    op.create_index("ix_heard_subscriber_id", "heard", ["subscriber_id"])
    op.create_index("ix_heard_at", "heard", ["at"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute("""
            CREATE FUNCTION refuse_change_of_heard() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'the log of what came in is append-only'
                    USING ERRCODE = 'integrity_constraint_violation';
            END $$
        """)
        op.execute("""
            CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON heard
            FOR EACH ROW EXECUTE FUNCTION refuse_change_of_heard()
        """)
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(f"""
            CREATE TRIGGER heard_{verb.lower()} BEFORE {verb} ON heard
            BEGIN SELECT RAISE(ABORT, 'the log of what came in is append-only'); END
        """)


def downgrade() -> None:
    raise NotImplementedError("there is no way back: restore a backup")
