"""How somebody is signed in and when they were last seen, PINs, service tokens, and personal values beside the journal."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    _sign_ins()
    _beside_the_journal()


def _sign_ins() -> None:
    op.drop_table("sessions")  # whoever is signed in signs in again
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("person", sa.String(80), nullable=False),
        sa.Column("how", sa.String(20), nullable=False),
        sa.Column("roles", sa.String(300), nullable=False),
        sa.Column("station", sa.String(80), nullable=False),
        sa.Column("source", sa.String(80), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("seen_at", sa.String(27), nullable=False),
        sa.Column("idle_until", sa.String(27), nullable=False),
        sa.Column("expires_at", sa.String(27), nullable=False),
    )
    op.create_index("ix_sessions_person", "sessions", ["person"])
    op.create_table(
        "pins",
        sa.Column("person", sa.String(80), primary_key=True),
        sa.Column("pin_hash", sa.String(300), nullable=False),
        sa.Column("issued_by", sa.String(80), nullable=False),
        sa.Column("issued_at", sa.String(27), nullable=False),
        sa.Column("chosen_at", sa.String(27)),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("locked_at", sa.String(27)),
    )
    op.create_table(
        "tokens",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("scope", sa.String(120), nullable=False),
        sa.Column("made_at", sa.String(27), nullable=False),
        sa.Column("expires_at", sa.String(27), nullable=False),
        sa.Column("revoked_at", sa.String(27)),
    )
    op.create_index("ix_tokens_scope", "tokens", ["scope"])


def _beside_the_journal() -> None:
    op.create_table(
        "personal",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("field", sa.String(100), primary_key=True),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
    )
