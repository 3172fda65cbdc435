"""Failed attempts to sign in, counted for every web process alike."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "attempts",
        sa.Column("mark", sa.String(32), primary_key=True),
        sa.Column("whose", sa.String(64), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
    )
    op.create_index("ix_attempts_whose", "attempts", ["whose"])
    op.create_index("ix_attempts_at", "attempts", ["at"])
