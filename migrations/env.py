"""Alembic's entry: runs on the connection that digest/storage/migrate.py hands over.

That one holds the lock and the transaction. A new revision, in a checkout:

    from digest.storage import migrate
    migrate.new_revision("what changes")

Revisions are named 0001, 0002 … in order: the program compares these names to tell an older
database from a newer one without importing Alembic.
"""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=context.config.attributes["metadata"],
    version_table=context.config.attributes["version_table"],
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
