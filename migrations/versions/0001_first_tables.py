"""The first tables.

Never change a revision that was released: write another.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

LARGE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UTC = sa.DateTime(timezone=True)
UNFINISHED = sa.text("status IN ('pending', 'deferred', 'claimed', 'on_wire')")


def required(name, kind, *rest):
    return sa.Column(name, kind, *rest, nullable=False)


def upgrade() -> None:
    editions()
    stories()
    readers()
    deliveries()
    freeze_published()


def editions() -> None:
    op.create_table(
        "editions",
        required("date", sa.Date()),
        required("number", sa.Integer()),
        required("status", sa.String(16)),
        required("built_at", UTC),
        sa.Column("published_at", UTC),
        required("subject", sa.Text()),
        required("preheader", sa.Text()),
        required("faults", sa.JSON()),
        sa.PrimaryKeyConstraint("date", name="pk_editions"),
        sa.UniqueConstraint("number", name="uq_editions_number"),
    )
    op.create_table(
        "edition_picks",
        required("edition_date", sa.Date()),
        required("kind", sa.String(16)),
        required("position", sa.SmallInteger()),
        required("slot", sa.SmallInteger()),
        required("key", sa.Text()),
        sa.Column("score", sa.Float(53)),
        required("reason", sa.Text()),
        required("features", sa.JSON()),
        required("snapshot", sa.JSON()),
        sa.PrimaryKeyConstraint("edition_date", "kind", "position", name="pk_edition_picks"),
        sa.ForeignKeyConstraint(
            ["edition_date"],
            ["editions.date"],
            name="fk_edition_picks_edition_date",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "edition_blocks",
        required("edition_date", sa.Date()),
        required("kind", sa.String(16)),
        required("slot", sa.SmallInteger()),
        required("key", sa.Text()),
        required("html", sa.Text()),
        required("text", sa.Text()),
        required("answer_html", sa.Text()),
        required("answer_text", sa.Text()),
        required("images", sa.JSON()),
        sa.PrimaryKeyConstraint("edition_date", "kind", "slot", name="pk_edition_blocks"),
        sa.ForeignKeyConstraint(
            ["edition_date"],
            ["editions.date"],
            name="fk_edition_blocks_edition_date",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "images",
        required("sha256", sa.String(64)),
        required("png", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("sha256", name="pk_images"),
    )


def stories() -> None:
    op.create_table(
        "sources",
        required("source", sa.Text()),
        required("url", sa.Text()),
        required("etag", sa.Text()),
        required("last_modified", sa.Text()),
        sa.Column("last_success", UTC),
        sa.Column("last_tried", UTC),
        sa.Column("next_at", UTC),
        required("failures", sa.Integer()),
        required("parked", sa.Boolean()),
        required("message", sa.Text()),
        required("moved_to", sa.Text()),
        required("moved_seen", sa.Integer()),
        sa.PrimaryKeyConstraint("source", name="pk_sources"),
    )
    op.create_table(
        "entries",
        required("id", sa.String(64)),
        required("source", sa.Text()),
        required("key", sa.Text()),
        required("url", sa.Text()),
        required("title", sa.Text()),
        required("lead", sa.Text()),
        required("published", UTC),
        required("first_seen", UTC),
        required("ref", sa.Text()),
        required("authors", sa.JSON()),
        required("language", sa.Text()),
        required("paper", sa.Boolean()),
        required("signals", sa.JSON()),
        sa.PrimaryKeyConstraint("id", name="pk_entries"),
    )
    op.create_index("ix_entries_first_seen", "entries", ["first_seen"])
    op.create_index("ix_entries_published", "entries", ["published"])


def readers() -> None:
    op.create_table(
        "subscribers",
        sa.Column("id", sa.Integer(), primary_key=True),
        required("address", sa.Text()),
        required("key", sa.Text()),
        required("status", sa.String(16)),
        required("created_at", UTC),
        sa.Column("confirmed_at", UTC),
        sa.Column("paused_until", UTC),
        required("zone", sa.String(64)),
        required("hour", sa.SmallInteger()),
        required("days", sa.SmallInteger()),
        required("concepts", sa.SmallInteger()),
        required("stories", sa.SmallInteger()),
        required("level", sa.SmallInteger()),
        required("tracks", sa.JSON()),
        required("text_only", sa.Boolean()),
        sa.PrimaryKeyConstraint("id", name="pk_subscribers"),
        sa.UniqueConstraint("key", name="uq_subscribers_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_subscribers_status", "subscribers", ["status"])
    op.create_table(
        "suppressions",
        required("key_hash", sa.String(128)),
        required("reason", sa.Text()),
        required("created_at", UTC),
        sa.PrimaryKeyConstraint("key_hash", name="pk_suppressions"),
    )


def deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", LARGE, primary_key=True),
        required("edition_date", sa.Date()),
        required("subscriber_id", sa.Integer()),
        required("domain", sa.Text()),
        required("preferences", sa.JSON()),
        required("status", sa.String(16)),
        required("not_before", UTC),
        required("next_at", UTC),
        required("expires_at", UTC),
        required("attempts", sa.Integer()),
        required("deferrals", sa.Integer()),
        sa.Column("owner", sa.Text()),
        required("message_id", sa.Text()),
        required("created_at", UTC),
        required("updated_at", UTC),
        required("last_reply", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.ForeignKeyConstraint(
            ["edition_date"], ["editions.date"], name="fk_deliveries_edition_date"
        ),
        sa.UniqueConstraint(
            "edition_date", "subscriber_id", name="uq_deliveries_edition_date_subscriber_id"
        ),
    )
    op.create_index("ix_deliveries_subscriber_id", "deliveries", ["subscriber_id"])
    op.create_index(
        "ix_deliveries_unfinished",
        "deliveries",
        ["edition_date", "next_at", "id"],
        postgresql_where=UNFINISHED,
        sqlite_where=UNFINISHED,
    )


def freeze_published() -> None:
    """Published is published, whoever asks. Deleting a whole edition stays possible."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("""
            CREATE FUNCTION refuse_change_of_published() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'a published edition never changes'
                    USING ERRCODE = 'integrity_constraint_violation';
            END $$
        """)
        op.execute("""
            CREATE FUNCTION refuse_part_of_published() RETURNS trigger LANGUAGE plpgsql AS $$
            DECLARE
                day date;
            BEGIN
                IF TG_OP = 'INSERT' THEN day := NEW.edition_date;
                ELSE day := OLD.edition_date; END IF;
                IF EXISTS (SELECT FROM editions WHERE date = day AND status = 'published') THEN
                    RAISE EXCEPTION 'a published edition never changes'
                        USING ERRCODE = 'integrity_constraint_violation';
                END IF;
                IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
                RETURN NEW;
            END $$
        """)
        op.execute("""
            CREATE TRIGGER published_edition BEFORE UPDATE ON editions FOR EACH ROW
            WHEN (OLD.status = 'published') EXECUTE FUNCTION refuse_change_of_published()
        """)
        for table in ("edition_picks", "edition_blocks"):
            op.execute(
                f"CREATE TRIGGER published_part BEFORE INSERT OR UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_part_of_published()"
            )
        return
    op.execute("""
        CREATE TRIGGER published_edition BEFORE UPDATE ON editions
        WHEN OLD.status = 'published'
        BEGIN SELECT RAISE(ABORT, 'a published edition never changes'); END
    """)
    for table in ("edition_picks", "edition_blocks"):
        for verb, row in (("INSERT", "NEW"), ("UPDATE", "OLD"), ("DELETE", "OLD")):
            statement = f"""
                CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table}
                WHEN EXISTS (SELECT 1 FROM editions
                             WHERE date = {row}.edition_date AND status = 'published')
                BEGIN SELECT RAISE(ABORT, 'a published edition never changes'); END
            """  # noqa: S608 - names from above
            op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("there is no way back: restore a backup")
