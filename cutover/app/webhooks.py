"""Tells outside systems of facts: from the journal into the outbox, and from there, signed, to each subscription's address.

Signed as Standard Webhooks says: the receiver knows who sent it, that nobody changed it, and when. Sent at least
once; the same event has the same id. An event that is not taken is tried again, later and later, for most of a day;
then it is a dead letter, which a person sees and has tried again. Nothing is lost by a crash: how far a subscription
was told and what it is to be told are kept in one write.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Engine
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_base, wait_random_exponential

from cutover.core.clock import Clock
from cutover.core.errors import CutoverError, Refused, Unavailable
from cutover.core.event import Recorded
from cutover.domain.webhook import Webhook, cloud_event
from cutover.store.engine import writing
from cutover.store.journal import Journal
from cutover.store.letters import CHANNEL, mark_of, move_mark, note_trouble, prepare_letters
from cutover.store.outbox import Message, attempts_of, enqueue
from cutover.web.outbound import Outbound
from runbooks.domain.run_events import Comms

MEDIA = "application/cloudevents+json"
AT_ONCE = 500  # facts read in one write
TRIES = 20  # rounds of the outbox, 15 hours of them; within a round, at most ROUND
ROUND = 3
SOON = wait_random_exponential(multiplier=0.2, max=2)  # seconds between the tries of one round
PREFIX = "whsec_"


@dataclass(frozen=True, slots=True)
class Postman:
    """Keeps what each subscription is to be told. `source` is the address of this programme's pages.

    `comms` says how far a stream's facts are told, as of notices: those of a run whose comms are off stay in the house.
    """

    journal: Journal
    hooks: tuple[Webhook, ...]
    source: str
    comms: Callable[[str], Comms] = lambda _stream: Comms.ON

    def collect(self) -> int:
        """Put into the outbox whatever is new for any subscription; returns how many letters. A new one begins now."""
        if not self.hooks:
            return 0
        prepare_letters(self.journal.engine)
        return sum(self._collect(hook) for hook in self.hooks)

    def _collect(self, hook: Webhook) -> int:
        kept, more = 0, True
        while more:
            head = self.journal.head().position
            with writing(self.journal.engine) as connection:
                mark = mark_of(connection, hook.id)
                facts = [] if mark is None else self.journal.tail(mark, AT_ONCE)
                reached = facts[-1].position if facts else (head if mark is None else mark)
                wanted = [self._letter(hook, fact) for fact in facts if self._is_told(hook, fact)]
                enqueue(connection, wanted, self.journal.clock.now())
                if reached != mark:
                    move_mark(connection, hook.id, reached)
            kept, more = kept + len(wanted), len(facts) == AT_ONCE
        return kept

    def _is_told(self, hook: Webhook, fact: Recorded) -> bool:
        return hook.wants(fact.event.kind()) and self.comms(fact.stream) is not Comms.OFF

    def _letter(self, hook: Webhook, fact: Recorded) -> Message:
        event = cloud_event(fact, hook, self.source)
        if self.comms(fact.stream) is Comms.TEST:
            event["comms"] = "test"
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        return Message(f"{CHANNEL}:{hook.id}:{fact.position}", CHANNEL, hook.id, fact.event.kind(), body)


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """Posts a letter to its subscription's address. Refuses for this one address alone; others are still served."""

    engine: Engine
    hooks: tuple[Webhook, ...]
    secrets: Callable[[str], str]
    clock: Clock
    outbound: Outbound = field(default_factory=Outbound)
    pause: wait_base = SOON

    def send(self, message: Message) -> None:
        """Raises Refused with why, which is kept with the letter."""
        try:
            self._send(message)
        except CutoverError as error:
            dead = attempts_of(self.engine, message) + 1 >= TRIES or isinstance(error, Gone)
            note_trouble(self.engine, message.id, str(error), self.clock.now(), dead=dead)
            raise Refused(str(error)) from error

    def _send(self, message: Message) -> None:
        hook = next((one for one in self.hooks if one.id == message.recipient), None)
        if hook is None:
            raise Gone(f"programme.yaml has no webhook '{message.recipient}' any more")
        key = signing_key(self.secrets(hook.secret))
        tries = Retrying(stop=stop_after_attempt(ROUND), wait=self.pause, retry=retry_if_exception_type(Unavailable), reraise=True)  # fmt: skip
        tries(self._post, hook, key, message)

    def _post(self, hook: Webhook, key: bytes, message: Message) -> None:
        body, moment = message.body.encode(), str(int(self.clock.now().timestamp()))
        headers = {
            "Content-Type": MEDIA,
            "User-Agent": "cutover",
            "webhook-id": message.id,
            "webhook-timestamp": moment,
            "webhook-signature": signature(key, message.id, moment, body),
        }
        status, said = self.outbound.post(str(hook.url), body, headers, inside=hook.inside)
        if 200 <= status < 300:  # noqa: PLR2004  what HTTP calls a success
            return
        why = f"answered {status}: {' '.join(said.split())[:200]}"
        if status == 410:  # noqa: PLR2004  Standard Webhooks: the receiver wants no more
            raise Gone(why)
        raise (Unavailable if status >= 500 or status in {408, 429} else Refused)(why)  # noqa: PLR2004


class Gone(Refused):
    """It will never be taken: not tried again."""


def signing_key(secret: str) -> bytes:
    """The bytes to sign with: `whsec_` and base64 as Standard Webhooks has it, or the text itself. Raises Refused."""
    if secret.startswith(PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
        except binascii.Error as error:
            raise Refused("the secret that signs begins with whsec_ and is no base64 after it") from error
    return secret.encode()


def signature(key: bytes, letter: str, moment: str, body: bytes) -> str:
    """`v1,` and the HMAC-SHA256 of id, moment and body, in base64 (Standard Webhooks 1.0)."""
    signed = b".".join((letter.encode(), moment.encode(), body))
    return f"v1,{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"
