"""Is this the password: argon2id, a few at a time, and only for who has not failed too often.

One check costs a third of a second of a core and 64 MiB. So the limit is looked at before anything is hashed, and
never more than `AT_ONCE` are hashed at the same time; who would wait behind a crowd is told to come back.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from cutover.core.clock import Clock
from cutover.core.errors import Invalid, Problem, Refused, Unavailable
from cutover.store.attempts import Attempts

SHORTEST, LONGEST = 10, 200  # characters
AT_ONCE = 2
PATIENCE = 5.0  # seconds
FAILURES, WITHIN = 5, timedelta(minutes=5)  # failures a name may have within that time


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` failures of one key within `within`, in all web processes together; `of` tells limits apart."""

    attempts: Attempts
    wall: Clock
    of: str
    most: int = FAILURES
    within: timedelta = WITHIN

    def check(self, key: str) -> None:
        """Raises Refused with how long to wait."""
        now = self.wall.now()
        self._check(now, self.attempts.since(self._whole(key), now, self.within))

    def attempt(self, key: str) -> str:
        """Count one as failed before it is looked at: many at once are no more than one after another.

        Returns what takes it back. Raises Refused with how long to wait.
        """
        now = self.wall.now()
        mark, before = self.attempts.count(self._whole(key), now, self.within, self.most)
        self._check(now, before)
        return mark

    def failed(self, key: str) -> None:
        self.attempts.note([self._whole(key)], self.wall.now())

    def succeeded(self, key: str) -> None:
        self.attempts.forget(self._whole(key))

    def _whole(self, key: str) -> str:
        return f"{self.of}:{key}"

    def _check(self, now: datetime, failures: Sequence[datetime]) -> None:
        """It is over when the oldest of the last `most` is."""
        if len(failures) < self.most:
            return
        wait = failures[self.most - 1] + self.within - now
        minutes = ceil(wait / timedelta(minutes=1))
        raise Refused(
            f"too many failed attempts: wait {minutes} minute{'s' if minutes > 1 else ''} and try again"
        )


class Passwords:
    """Hashes and checks passwords for every page of one process."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._slots = threading.BoundedSemaphore(AT_ONCE)
        self._nobodys = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """Raises Invalid for one that is too short or too long."""
        if not SHORTEST <= len(password) <= LONGEST:
            raise Invalid(
                Problem(
                    f"a password of {len(password)} characters",
                    field="password",
                    expected=f"{SHORTEST} to {LONGEST} characters; four words in a row are good",
                )
            )
        return self.digest(password)

    def digest(self, secret: str) -> str:
        """The hash of a password or PIN that was found long enough."""
        return self._hasher.hash(secret)

    def matches(self, stored: str, password: str) -> bool:
        """Whether `password` is the stored one. A name that has none takes as long. Raises Unavailable in a crowd."""
        if len(password) > LONGEST:
            return False
        if not self._slots.acquire(timeout=PATIENCE):
            raise Unavailable("many people are signing in at this moment: try again in some seconds")
        try:
            with suppress(VerificationError, InvalidHashError):
                return self._hasher.verify(stored or self._nobodys, password) and bool(stored)
            return False
        finally:
            self._slots.release()
