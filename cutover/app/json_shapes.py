"""What the commands of no room answer with --json, and what every command answers that cannot do what it was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from cutover.app.archive import Manifest
from cutover.app.doctor import Finding
from cutover.cli.output import Fact
from cutover.store.letters import Letter
from cutover.store.unsaying import Unsaid


class AccountRow(TypedDict):
    person: str
    name: str
    roles: str
    state: Literal["enabled", "disabled"]
    sessions: int
    changed: datetime


class SignIn(TypedDict):
    id: str
    person: str
    how: str
    station: str
    source: str
    created_at: datetime
    seen_at: datetime
    ends_at: datetime


class Pin(TypedDict):
    person: str
    pin: NotRequired[str]
    withdrawn: NotRequired[bool]


class TokenRow(TypedDict):
    id: str
    scope: str
    made: datetime
    expires: datetime | None
    state: Literal["in use", "revoked", "expired"]


class Link(TypedDict):
    link: str
    id: str
    expires: datetime


class ApiToken(TypedDict):
    """A token that was made, shown once; or the scope whose tokens have ended."""

    scope: NotRequired[str]
    token: NotRequired[str]
    revoked: NotRequired[str]


class Requeued(TypedDict):
    requeued: str


class ChainVerified(TypedDict):
    holds: bool
    rows: int
    head: str
    fault: str | None


class Restored(ChainVerified):
    signed_by: str


class BackedUp(TypedDict):
    archive: str
    manifest: Manifest
    holds: bool
    fault: str | None


class CheckedFolder(TypedDict):
    problems: Sequence[str]
    unknown_names: Sequence[str]


class AccountMade(TypedDict):
    person: str
    roles: Sequence[str]


class AccountTouched(TypedDict):
    person: str


class SignedOut(AccountTouched):
    ended: int


class LinkRevoked(TypedDict):
    revoked: str


class JournalExported(TypedDict):
    file: str
    facts: int


class ChainHead(TypedDict):
    head: str


class SchemaAt(TypedDict):
    schema: str | None


class Rebuilt(TypedDict):
    views: int
    facts: int


ANSWERS: Mapping[str, Any] = {
    "account list": list[AccountRow],
    "account sessions": list[SignIn],
    "account pin": Pin,
    "account add": AccountMade,
    "account passwd": AccountTouched,
    "account disable": AccountTouched,
    "account sign-out": SignedOut,
    "link revoke": LinkRevoked,
    "journal export": JournalExported,
    "journal checkpoint": ChainHead,
    "db upgrade": SchemaAt,
    "db rebuild": Rebuilt,
    "account tokens": list[TokenRow],
    **dict.fromkeys(("link public", "link task", "link calendar"), Link),
    "api token": ApiToken,
    "api scopes": Mapping[str, list[str]],
    "webhook status": list[Letter],
    "webhook requeue": Requeued,
    "journal verify": ChainVerified,
    "journal show": list[Fact],
    "db backup": BackedUp,
    "journal redact": Unsaid,
    "db restore": Restored,
    "check": CheckedFolder,
    "doctor": list[Finding],
}
