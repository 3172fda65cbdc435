"""Every notice goes out at least once, none holds up another, and a real relay receives what was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from sqlalchemy import Engine

from cutover.app.notify import Channel, FileChannel, SmtpChannel, channels, deliver_due, file_name
from cutover.core.errors import Refused, Unavailable
from cutover.store.engine import writing
from cutover.store.outbox import Message, due, enqueue
from tests.conftest import START
from tests.sinks import Relay

MINUTE = timedelta(minutes=1)


def notice(n: int = 1, channel: str = "file", recipient: str = "prosecutor") -> Message:
    return Message(f"notice:n{n}:prosecutor", channel, recipient, "Custody", f"Zażółć on paper, {n}.")


def waiting(engine: Engine, *messages: Message) -> None:
    with writing(engine) as connection:
        enqueue(connection, messages, START)


def test_a_notice_becomes_one_whole_file(engine: Engine, tmp_path: Path) -> None:
    """To whom, about what, under which id, and the words; nothing half-written beside it."""
    waiting(engine, notice())
    assert deliver_due(engine, channels(tmp_path / "notices"), START) == 1
    (file,) = (tmp_path / "notices").iterdir()
    text = file.read_text(encoding="utf-8")
    assert text == "To: prosecutor\nSubject: Custody\nNotice: notice:n1:prosecutor\n\nZażółć on paper, 1.\n"
    assert deliver_due(engine, channels(tmp_path / "notices"), START) == 0


def test_sent_again_after_a_crash_it_is_still_one_file(tmp_path: Path) -> None:
    """At least once: the same id writes the same file."""
    channel = FileChannel(tmp_path)
    channel.send(notice())
    channel.send(notice())
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("id_", ["../../etc/passwd", "a:b", "a/b", "a-b", "ß" * 400, ".", ""])
def test_any_id_is_a_safe_file_name_of_its_own(id_: str) -> None:
    """No id climbs out of the folder or meets another's file."""
    name = file_name(Message(id_, "file", "x", "s", "b"))
    assert "/" not in name
    assert not name.startswith(".")
    assert len(name) < 120
    assert name != file_name(Message(id_ + "x", "file", "x", "s", "b"))


def test_a_channel_nobody_configured_holds_nothing_up(engine: Engine, tmp_path: Path) -> None:
    """More dead messages than one batch holds, and the one that can go still goes; the others wait and try again."""
    waiting(engine, *(notice(n, channel="pigeon") for n in range(60)), notice(99))
    assert deliver_due(engine, channels(tmp_path), START) == 1
    assert due(engine, START) == []
    assert len(due(engine, START + MINUTE, limit=100)) == 60


@dataclass
class Moody:
    """A channel that refuses some and is gone for others."""

    asked: list[str] = field(default_factory=list)
    gone: bool = False

    def send(self, message: Message) -> None:
        self.asked.append(message.id)
        if self.gone:
            raise Unavailable("nobody there")
        if message.recipient == "nobody":
            raise Refused("no such address")


def test_one_refused_message_does_not_stop_the_next(engine: Engine) -> None:
    """The refused one is tried again later, with longer and longer waits."""
    channel = Moody()
    waiting(engine, notice(1, "moody", "nobody"), notice(2, "moody"))
    assert deliver_due(engine, {"moody": channel}, START) == 1
    assert deliver_due(engine, {"moody": channel}, START + MINUTE) == 0
    assert due(engine, START + 2 * MINUTE) == []
    assert len(due(engine, START + 3 * MINUTE)) == 1


def test_whom_a_channel_refuses_is_asked_for_once_in_a_round(engine: Engine) -> None:
    """A phone that is off costs its time once, not once for each of its notices."""
    channel = Moody()
    waiting(engine, *(notice(n, "moody", "nobody") for n in range(10)), notice(99, "moody"))
    assert deliver_due(engine, {"moody": channel}, START) == 1
    assert len(channel.asked) == 2


def test_a_dead_channel_is_asked_once_in_a_round(engine: Engine) -> None:
    """Ten messages do not wait ten times for the same dead relay."""
    channel = Moody(gone=True)
    waiting(engine, *(notice(n, "moody") for n in range(10)))
    assert deliver_due(engine, {"moody": channel}, START) == 0
    assert len(channel.asked) == 1


def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    """What stands in the way is named."""
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    with pytest.raises(Unavailable, match="taken"):
        FileChannel(tmp_path / "taken").send(notice())


@pytest.fixture
def relay() -> Iterator[Relay]:
    with Relay() as relay:
        yield relay


def smtp(relay: Relay) -> SmtpChannel:
    return SmtpChannel("127.0.0.1", relay.port, "cutover@force.example", timeout=5)


@pytest.mark.real
def test_a_real_relay_receives_the_words(engine: Engine, relay: Relay, tmp_path: Path) -> None:
    """Sender, recipient, subject, text, and a Message-ID that is the same each time it is sent."""
    waiting(engine, notice(channel="smtp", recipient="duty@prosecutor.example"))
    assert deliver_due(engine, channels(tmp_path, smtp(relay)), START) == 1
    smtp(relay).send(notice(channel="smtp", recipient="duty@prosecutor.example"))
    first, again = (message_from_bytes(mail, policy=default) for mail in relay.mails)
    assert (first["To"], first["Subject"], first["From"]) == (
        "duty@prosecutor.example",
        "Custody",
        "cutover@force.example",
    )
    assert first.get_content().strip() == "Zażółć on paper, 1."
    assert first["Message-ID"] == again["Message-ID"]


@pytest.mark.real
def test_an_address_that_the_relay_refuses_is_tried_later(
    engine: Engine, relay: Relay, tmp_path: Path
) -> None:
    """The relay stays in use for the others of the same round."""
    waiting(
        engine, notice(1, "smtp", "nobody@prosecutor.example"), notice(2, "smtp", "duty@prosecutor.example")
    )
    assert deliver_due(engine, channels(tmp_path, smtp(relay)), START) == 1
    assert [m.id for m in due(engine, START + MINUTE)] == ["notice:n1:prosecutor"]


@pytest.mark.real
def test_a_relay_that_is_not_there_is_unavailable() -> None:
    """Nothing listens any more: the message waits."""
    with Relay() as relay:
        channel: Channel = smtp(relay)
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1"):
        channel.send(notice(recipient="duty@prosecutor.example"))


@pytest.mark.parametrize("recipient", ["", "a@b@c, <", "x\r\nBcc: dev@outside.example"])
def test_what_is_no_address_is_refused_or_kept_on_its_line(recipient: str) -> None:
    """No recipient adds a header; one that cannot be read is refused before any relay is asked."""
    channel = SmtpChannel("127.0.0.1", 9, "cutover@force.example", timeout=0.1)
    try:
        mail = channel._mail(notice(recipient=recipient))
    except Refused:
        return
    assert mail["Bcc"] is None


@pytest.mark.real
@pytest.mark.parametrize("subject", ["Custody\r\nBcc: dev@outside.example", "Custody\n\nnot a body"])
def test_a_subject_cannot_smuggle_in_a_header(relay: Relay, subject: str) -> None:
    """Whatever stands in a subject stays in the subject."""
    smtp(relay).send(Message("n", "smtp", "duty@prosecutor.example", subject, "text"))
    mail = message_from_bytes(relay.mails[0], policy=default)
    assert mail["Bcc"] is None
    assert mail["Subject"] == " ".join(subject.split())
