"""Is this the password: argon2id, a few at a time, and only for who has not failed too often.

One check costs a third of a second of a core and 64 MiB. So the limit is looked at before anything is hashed, and
never more than `AT_ONCE` are hashed at the same time; who would wait behind a crowd is told to come back.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import suppress

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from cutover.core.errors import Invalid, Problem, Refused, Unavailable

SHORTEST, LONGEST = 10, 200  # characters
AT_ONCE = 2
PATIENCE = 5.0  # seconds
FAILURES, WITHIN = 5, 300.0  # failures a name or address may have within so many seconds
KEPT = 10_000  # names and addresses remembered


class Limit:
    """At most `most` failures of one key within `within` seconds; forgets the oldest keys first."""

    def __init__(
        self, most: int = FAILURES, within: float = WITHIN, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.most, self.within, self.now = most, within, now
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, *keys: str) -> None:
        """Raises Refused with how long to wait."""
        with self._lock:
            wait = max((self._wait(key) for key in keys), default=0.0)
        if wait > 0:
            minutes = int(wait // 60) + 1
            raise Refused(
                f"too many failed attempts: wait {minutes} minute{'s' if minutes > 1 else ''} and try again"
            )

    def attempt(self, key: str) -> None:
        """Count a failure before it is one, so that many at once are no more than one after another. Raises Refused."""
        with self._lock:
            if self._wait(key) <= 0:
                self._note(key)
                return
        self.check(key)

    def forgive(self, key: str) -> None:
        """The last attempt was none."""
        with self._lock:
            if failures := self._failures.get(key):
                failures.pop()

    def failed(self, *keys: str) -> None:
        with self._lock:
            for key in keys:
                self._note(key)

    def _note(self, key: str) -> None:
        self._failures.setdefault(key, deque(maxlen=self.most)).append(self.now())
        self._failures.move_to_end(key)
        while len(self._failures) > KEPT:
            self._failures.popitem(last=False)

    def succeeded(self, key: str) -> None:
        with self._lock:
            self._failures.pop(key, None)

    def _wait(self, key: str) -> float:
        failures = self._failures.get(key)
        if failures is None or len(failures) < self.most:
            return 0.0
        return failures[0] + self.within - self.now()


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
