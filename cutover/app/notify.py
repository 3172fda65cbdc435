"""Which waiting notices go out now, over which channel: at least once, later again when a channel refuses.

Committed with its fact, a message waits in the outbox until a channel has taken it. A crash between taking and
noting it sends it again under the same id, which a file overwrites and a mail reader can tell by its Message-ID.
"""

from __future__ import annotations

import hashlib
import os
import re
import smtplib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

import structlog
from sqlalchemy import Engine

from cutover.core.clock import show
from cutover.core.errors import Refused, Unavailable
from cutover.core.reach import HOUSE, Reach
from cutover.store.outbox import PERSON, Message, claim, due, mark_failed, mark_sent
from cutover.web.guarded import only
from cutover.web.outbound import Forbidden

LATE = timedelta(minutes=5)  # after which a notice says since when it waits


class Channel(Protocol):
    """Takes a message, or raises Unavailable (nobody there) or Refused (not this one)."""

    def send(self, message: Message) -> None: ...


@dataclass(frozen=True, slots=True)
class FileChannel:
    """One text file a notice in a folder, whole or not at all: to be printed, read out or picked up by another tool."""

    folder: Path

    def send(self, message: Message) -> None:
        lines = (
            f"To: {message.recipient}",
            f"Subject: {_one_line(message.subject)}",
            f"Notice: {message.id}",
        )
        path = self.folder / f"{file_name(message)}.txt"
        partial = path.with_suffix(".partial")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with partial.open("w", encoding="utf-8", newline="\n") as out:
                out.write("\n".join((*lines, "", message.body, "")))
                out.flush()
                os.fsync(out.fileno())
            partial.replace(path)
        except OSError as error:
            raise Unavailable(f"{path}: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class SmtpChannel:
    """Mail through one relay, without a sign-in: the relay beside the programme is trusted to know us."""

    host: str
    port: int
    sender: str
    timeout: float = 10.0
    reach: Reach = HOUSE

    def send(self, message: Message) -> None:
        mail = self._mail(message)
        try:
            with only(self.reach), smtplib.SMTP(self.host, self.port, timeout=self.timeout) as relay:
                relay.send_message(mail)
        except Forbidden as error:
            raise Refused(str(error)) from error
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            raise Refused(f"{self.host}:{self.port} refused {message.id}: {error}") from error
        except (OSError, smtplib.SMTPException) as error:
            raise Unavailable(f"{self.host}:{self.port}: {error}") from error

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = self.sender
        try:
            mail["To"] = _one_line(message.recipient)
        except (ValueError, IndexError) as error:
            raise Refused(f"'{message.recipient}' is no address: {error}") from error
        mail["Subject"] = _one_line(message.subject)
        mail["Message-ID"] = f"<{_digest(message)}@cutover.invalid>"
        mail.set_content(message.body)
        return mail


class _NoChannel:
    """Stands where the programme names a channel that nobody configured."""

    def send(self, message: Message) -> None:
        raise Unavailable(f"no channel '{message.channel}' is configured")


def channels(folder: Path, smtp: SmtpChannel | None = None) -> Mapping[str, Channel]:
    """The channels of a programme: `file` always, `smtp` only when it is configured; by name people are told by file here."""
    here: dict[str, Channel] = {"file": FileChannel(folder), PERSON: FileChannel(folder)}
    return here if smtp is None else {**here, "smtp": smtp}


def deliver_due(engine: Engine, channels: Mapping[str, Channel], now: datetime, zone: str = "UTC") -> int:
    """Send every message that is due; returns how many were taken. What is not taken is tried again later.

    A channel that is not there is not asked again in this round, nor for a recipient whom it refused: one dead relay
    or one dead phone does not hold up the rest.
    """
    sent, dead = 0, set[str]()
    while batch := due(engine, now):
        for message in batch:
            if not claim(engine, message, now):
                continue
            known_dead = not dead.isdisjoint((message.channel, _address(message)))
            taken = not known_dead and _send(channels, _said_late(message, now, zone), dead)
            (mark_sent if taken else mark_failed)(engine, message, now)
            sent += taken
    return sent


def file_name(message: Message) -> str:
    """A name that any file system takes, the same for the same id and for no other."""
    readable = re.sub(r"[^A-Za-z0-9_.-]+", "-", message.id).strip("-.")[:80]
    return f"{readable}-{_digest(message)[:10]}"


def _send(channels: Mapping[str, Channel], message: Message, dead: set[str]) -> bool:
    log = structlog.get_logger().bind(notice=message.id, channel=message.channel)
    try:
        channels.get(message.channel, _NoChannel()).send(message)
    except Unavailable as error:
        dead.add(message.channel)
        log.warning("notice_channel_unavailable", why=str(error))
        return False
    except Refused as error:
        dead.add(_address(message))
        log.warning("notice_refused", why=str(error))
        return False
    log.info("notice_sent")
    return True


def _said_late(message: Message, now: datetime, zone: str) -> Message:
    """What waited for long says so: it may come after news that is newer, a FIRING after its RESOLVED."""
    if message.since is None or now - message.since < LATE:
        return message
    return replace(message, subject=f"LATE, of {show(message.since, zone)}: {message.subject}")


def _address(message: Message) -> str:
    return f"{message.channel} {message.recipient}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _digest(message: Message) -> str:
    return hashlib.sha256(message.id.encode()).hexdigest()[:32]
