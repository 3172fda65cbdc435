"""Tells people what concerns them while a run goes on: notices into the outbox, and from there to each one's channel.

How far a notice goes is the run's `comms`: off, it is written to a file and told to nobody; test, it is told as a
test; on, it is told. Who has no account gets the link to the one task.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import apprise
import structlog

from cutover.app.bootstrap import World
from cutover.app.notify import Channel, FileChannel, channels, deliver_due
from cutover.app.webhooks import Postman, WebhookChannel
from cutover.core.errors import CutoverError, Refused
from cutover.domain.gates import GateState
from cutover.store.engine import writing
from cutover.store.letters import CHANNEL
from cutover.store.outbox import PERSON, Message, enqueue, unknown
from cutover.web.guarded import only
from cutover.web.outbound import Forbidden, Outbound
from runbooks.domain.run_events import Comms
from runbooks.domain.run_state import RunState
from runbooks.notices import Notice, notices
from runbooks.surroundings import StepWatch

EVERY = 5.0  # real seconds between two looks
LINK_LASTS = timedelta(hours=24)
TEST = "TEST, not in earnest: "

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AppriseChannel:
    """Any of the services that Apprise knows, by the URL that stands in a person's secret."""

    world: World

    def send(self, message: Message) -> None:
        """Raises Refused where the person has no working address."""
        person = self.world.folder.programme.person(message.recipient)
        if person is None or not person.notices:
            raise Refused(f"{message.recipient} has no address for notices in programme.yaml")
        to = apprise.Apprise()
        try:
            address = self.world.secrets(person.notices)
        except CutoverError as error:
            raise Refused(f"{message.recipient}: {error}") from error
        if not to.add(address):
            raise Refused(f"the secret '{person.notices}' of {message.recipient} holds no Apprise URL")
        try:
            with only(self.world.reach):  # one service after the other: what it opens in a thread is not seen
                taken = [one.notify(title=message.subject, body=message.body) for one in to.servers]
        except Forbidden as error:
            raise Refused(f"{message.recipient}: {error}") from error
        if not all(taken):
            raise Refused(f"the channel of {message.recipient} did not take {message.id}")


@dataclass(frozen=True, slots=True)
class PersonChannel:
    """Whoever is told by name: over the services they gave an address for, else as a file."""

    world: World

    def send(self, message: Message) -> None:
        """Raises Refused or Unavailable as the person's own channel does."""
        person = self.world.folder.programme.person(message.recipient)
        if person is not None and person.notices:
            AppriseChannel(self.world).send(message)
        else:
            FileChannel(self.world.folder.state / "notices").send(message)


def channels_of(world: World) -> dict[str, Channel]:
    """Every channel of a programme."""
    known: dict[str, Channel] = dict(channels(world.folder.state / "notices"))
    if hooks := world.folder.programme.webhooks:
        known[CHANNEL] = WebhookChannel(
            world.engine, hooks, world.secrets, world.clock, Outbound(allowed=world.reach.allowed)
        )
    return {**known, "apprise": AppriseChannel(world), PERSON: PersonChannel(world)}


def collect(world: World) -> int:
    """Keep what outside systems are to be told; returns how many letters are new."""
    hooks, base = world.folder.programme.webhooks, world.settings.base_url.rstrip("/")
    return Postman(world.journal, hooks, f"{base}/journal", lambda stream: comms_of(world, stream)).collect()


def comms_of(world: World, stream: str) -> Comms:
    """How far what happens in a stream is told: as its run says; what belongs to no run is told in earnest."""
    kind, _, rest = stream.partition(":")
    if kind not in ("run", "gate"):
        return Comms.ON
    return world.runs.state(rest.partition(":")[0]).comms


class Teller:
    """Works out, keeps and delivers the notices of every run of a programme."""

    def __init__(self, world: World) -> None:
        self.world = world

    def run(self, stop: threading.Event) -> None:
        """Look every few seconds until stopped. What cannot be told now is told later."""
        steps = StepWatch(self.world.stepped)
        while not stop.wait(EVERY):
            steps.look()
            try:
                self.tell()
            except CutoverError as error:
                log.warning("notices_wait", why=str(error))

    def tell(self) -> int:
        """One look: keep what is new, deliver what is due; returns how many were delivered."""
        now = self.world.clock.now()
        due = [told for run_id in self.world.runs.run_ids() for told in self._of(run_id)]
        fresh = unknown(self.world.engine, [notice.id for _, notice in due])
        if fresh:  # only these are written out: a large run stands under hundreds that were kept long ago
            new = [self._message(state, notice) for state, notice in due if notice.id in fresh]
            with writing(self.world.engine) as connection:
                enqueue(connection, new, now)
        collect(self.world)
        zone = self.world.folder.programme.zone
        return deliver_due(self.world.engine, channels_of(self.world), now, zone)

    def _of(self, run_id: str) -> Iterator[tuple[RunState, Notice]]:
        state, programme = self.world.runs.state(run_id), self.world.folder.programme
        for notice in notices(state, self._gates(state), programme, self.world.clock.now()):
            yield state, notice

    def _gates(self, state: RunState) -> dict[str, GateState]:
        return {t.id: self.world.runs.gate(state.run_id, t.id) for t in state.runbook.tasks if t.gate}

    def _message(self, state: RunState, notice: Notice) -> Message:
        person = self.world.folder.programme.person(notice.person)
        reached = state.comms is not Comms.OFF and person is not None and bool(person.notices)
        subject = f"{TEST if state.comms is Comms.TEST else ''}{notice.subject}"[:300]
        body = f"{notice.text}\n\n{self._where(state, notice)}"
        return Message(notice.id, "apprise" if reached else "file", notice.person, subject, body)

    def _where(self, state: RunState, notice: Notice) -> str:
        base = self.world.settings.base_url.rstrip("/")
        if not notice.task:
            return f"{base}/board?run={state.run_id}"
        gate = state.plan[notice.task].gate is not None
        if gate or self.world.accounts.hash_of(notice.person):
            return f"{base}/board/tasks/{notice.task}?run={state.run_id}"
        path = self.world.links.task(notice.person, state.run_id, notice.task, LINK_LASTS)
        return f"{base}{path}\n(This link is yours: it opens this one task and works until tomorrow.)"
