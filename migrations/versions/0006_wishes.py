"""What feeds wish: kept, so that it also holds after a 304, which says nothing of it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

COLUMNS = (("ttl_s", sa.Float(53)), ("skip_hours", sa.Integer()), ("skip_days", sa.Integer()))


def upgrade() -> None:
    for name, kind in COLUMNS:
        op.add_column("sources", sa.Column(name, kind, nullable=False, server_default=sa.text("0")))
