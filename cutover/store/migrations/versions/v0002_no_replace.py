"""SQLite's INSERT OR REPLACE deletes the row it replaces without firing the DELETE trigger: refused before it can."""

from alembic import op

revision = "0002"
down_revision = "0001"

TRIGGER = """
CREATE TRIGGER journal_no_replace BEFORE INSERT ON journal
WHEN EXISTS (
    SELECT 1 FROM journal
    WHERE position = NEW.position OR (stream = NEW.stream AND seq = NEW.seq) OR idempotency_key = NEW.idempotency_key
)
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(TRIGGER)
