"""The programme's own key for printed codes: one for all that print, kept in its state folder, never shown."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

KEY_FILE = "print.key"


def print_key(state: Path) -> bytes:
    """16 bytes, made at the first print; read by its owner alone."""
    file = state / KEY_FILE
    if not file.exists():
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = state / f".{KEY_FILE}.{os.getpid()}"
        temporary.touch(mode=0o600)
        temporary.write_text(secrets.token_hex(16), encoding="ascii")
        try:
            os.link(temporary, file)  # of two that print first at once, one wins and both use its key
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return bytes.fromhex(file.read_text(encoding="ascii").strip())
