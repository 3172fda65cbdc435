"""Files that show something about a task: which are taken, how they are kept, and how they are handed out again.

A file is handed out as a download of the kind it was taken as, and only when a run's journal names it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from cutover.core.errors import Invalid, NotFound, Problem
from cutover.store.kept_files import KeptFiles
from cutover.web.acts import Act, Done, Download, Sent, WrongFields
from cutover.web.kit import Page, Query
from runbooks.board_acts import TASK, RunForm
from runbooks.domain.notes import AttachEvidence, EvidenceAttached
from runbooks.service import RunService

MOST_BYTES = 10 * 1024 * 1024
KINDS: Mapping[str, tuple[str, bytes]] = {  # suffix -> media type, and how such a file begins
    ".png": ("image/png", b"\x89PNG"),
    ".jpg": ("image/jpeg", b"\xff\xd8\xff"),
    ".jpeg": ("image/jpeg", b"\xff\xd8\xff"),
    ".pdf": ("application/pdf", b"%PDF"),
    ".xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK"),
    ".docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", b"PK"),
    ".zip": ("application/zip", b"PK"),
    ".txt": ("text/plain", b""),
    ".log": ("text/plain", b""),
    ".csv": ("text/csv", b""),
    ".json": ("application/json", b""),
}


@dataclass(frozen=True, slots=True)
class EvidenceActs:
    """Taking and handing out the files of one programme."""

    service: RunService
    files: KeptFiles

    def pages(self) -> Sequence[Page]:
        return (Page("/board/evidence/{sha256}", "runbooks", "task.html", Download, self._hand_out),)

    def acts(self) -> Sequence[Act]:
        most = MOST_BYTES + 8192  # the form around the file
        return (Act(f"{TASK}/attach", "attach evidence", RunForm, self._attach, TASK, most_bytes=most),)

    def _attach(self, form: RunForm, sent: Sent) -> Done:
        run_id, task = self.service.find(form.run), sent["task"]
        upload = sent.files.get("file")
        if upload is None or not upload.name or not upload.content:
            raise WrongFields({"file": "choose a file that is not empty"})
        name = PurePosixPath(upload.name.replace("\\", "/")).name[-200:]
        media_type = check_kind(name, upload.content)
        plan = self.service.state(run_id).plan
        if task not in plan:
            raise NotFound("task", task, plan)
        sha256 = self.files.keep(upload.content)
        by, size = sent.visitor.person, len(upload.content)
        command = AttachEvidence(by=by, task=task, name=name, sha256=sha256, size=size, media_type=media_type)
        self.service.ask(run_id, command, key=f"web:{run_id}:{task}:attach:{by}:{form.seen}:{sha256[:24]}")
        return Done(f"/board/tasks/{task}?run={run_id}", f"{name} is attached, SHA-256 {sha256[:12]}….")

    def _hand_out(self, query: Query) -> Download:
        for run_id in self.service.run_ids():
            for note in self.service.state(run_id).notes.of_tasks:
                if isinstance(note.event, EvidenceAttached) and note.event.sha256 == query["sha256"]:
                    content = self.files.read(note.event.sha256)
                    return Download(note.event.name, note.event.media_type, content)
        raise NotFound("file", query["sha256"][:80])


def check_kind(name: str, content: bytes) -> str:
    """The media type of a file that is taken. Raises Invalid for a kind that is not, or for one that pretends."""
    suffix = PurePosixPath(name).suffix.casefold()
    if suffix not in KINDS:
        raise Invalid(
            Problem(
                f"'{suffix or name}' is no kind of file that is taken",
                field="file",
                expected=", ".join(KINDS),
            )
        )
    media_type, begins = KINDS[suffix]
    if not content.startswith(begins):
        raise Invalid(Problem(f"{name} is not what its name says", field="file", expected=f"a {suffix} file"))
    return media_type
