"""Question 1: is the organisation fully aware of the volume and type of its backlogs?

A queue that nobody can count speaks against a yes, and so does a sum that does not come out; a long queue does not.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from contingency.domain.backlog import OpenItem, item_stream
from contingency.domain.triage import Grade
from contingency.figures import Answer, Bars, Figure, Record, Row, age, count, so_many, words
from contingency.sources import CaseFile, Seen
from contingency.trail import Life
from cutover.core.clock import show
from cutover.reconciliation.findings import Verdict
from monitors.domain.suspicion import Stage, SuspicionState

QUESTION = "Is the organisation fully aware of the volume and type of its backlogs?"
UNKNOWN = "UNKNOWN"
_DECIDED = (Verdict.PASS, Verdict.FAIL)


def volume(seen: Seen) -> Answer:
    return Answer(
        number=1,
        question=QUESTION,
        finding=_finding(seen),
        figures=(
            _oldest(seen),
            *_paper(seen),
            *_register(seen),
            *_case_files(seen),
            *_migrated(seen),
            *_sums(seen),
            *_suspected(seen),
        ),
        gaps=tuple(_uncounted(seen)),
        bars=_picture(seen),
    )


RISKS = {"high": "high risk", "medium": "medium risk", "standard": "standard risk", "none": "not assessed"}


def _picture(seen: Seen) -> Bars | None:
    """What waits by kind and risk, the most first; None when nothing does."""
    waits: dict[str, Counter[str]] = defaultdict(Counter)
    for sheet in seen.waiting:
        waits[f"{words(sheet.form_type)} (paper)"][sheet.grade or "none"] += 1
    for item in seen.items:
        waits[words(item.item_type)][item.tier] += 1
    if not waits:
        return None
    rows = [
        Row(label=kind, parts={risk: by[risk] for risk in RISKS if by[risk]}) for kind, by in waits.items()
    ]
    rows.sort(key=lambda row: (-row.total, row.label))
    whole = so_many(
        sum(map(Counter.total, waits.values())), "form and register item", "forms and register items"
    )
    return Bars(
        title="What waits, by kind and risk",
        says=f"{whole} of {so_many(len(rows), 'kind')}, the most first",
        looks=RISKS,
        rows=tuple(rows),
    )


def _finding(seen: Seen) -> str:
    paper, items, files = len(seen.waiting), len(seen.items), len(_unsettled_files(seen))
    total = paper + items + files + len(seen.unmatched)
    if not total:
        return "Nothing waits: no paper, no register item, no case file, no migrated record."
    return (
        f"{so_many(total, 'item waits', 'items wait')}: {so_many(paper, 'paper form')}, {so_many(items, 'register item')}, "
        f"{so_many(files, 'case file')} in flight or not sent, {so_many(len(seen.unmatched), 'migrated record')} missing or not matching."
    )


def _oldest(seen: Seen) -> Figure:
    """The age of the oldest item heads the report, whatever kind it is."""
    known = [(s.occurred_at, seen.of_sheet(s)) for s in seen.waiting if s.occurred_at]
    known += [(item.occurred_at, seen.of_item(item)) for item in seen.items]
    for name, file in _unsettled_files(seen).items():
        if since := file.sent_at or file.built_at:
            known.append((since, seen.of_file(name, f"case file {file.case}, {words(file.stage)}")))
    if not known:
        return Figure(label="Oldest item waiting", value="none")
    since, record = min(known, key=lambda pair: (pair[0], pair[1].id))
    titled = record.model_copy(update={"title": f"{record.title}, since {show(since, seen.programme.zone)}"})
    return Figure(label="Oldest item waiting", value=age(seen.now - since), records=(titled,))


def _paper(seen: Seen) -> Iterator[Figure]:
    yield count("Paper forms not in the target yet", map(seen.of_sheet, seen.waiting))
    for grade in Grade:
        yield count(f"Paper by risk: {grade}", (seen.of_sheet(s) for s in seen.waiting if s.grade == grade))
    ungraded = (seen.of_sheet(s) for s in seen.waiting if s.grade is None)
    yield count(
        "Paper by risk: not assessed",
        ungraded,
        ("paper form carries no risk grade", "paper forms carry no risk grade"),
    )
    for form in sorted({s.form_type for s in seen.waiting}):
        yield count(
            f"Paper by form: {words(form)}", (seen.of_sheet(s) for s in seen.waiting if s.form_type == form)
        )
    for stage in dict.fromkeys(s.stage for s in seen.waiting):
        yield count(
            f"Paper by stage: {words(stage)}", (seen.of_sheet(s) for s in seen.waiting if s.stage == stage)
        )
    yield count(
        "Blank sheets still out at stations", (seen.of_sheet(s) for s in seen.sheets if s.stage == "issued")
    )
    missing = (seen.of_sheet(s) for s in seen.sheets if s.stage == "missing")
    yield count(
        "Sheets declared missing",
        missing,
        ("sheet is missing, with what stood on it", "sheets are missing, with what stood on them"),
    )
    done = (seen.of_sheet(s) for s in seen.sheets if s.disposition is not None)
    yield count("Paper forms that have reached the target or were explained", done)


def _register(seen: Seen) -> Iterator[Figure]:
    closed = set(seen.item_positions) - {item_stream(item.key) for item in seen.items}
    for tier in Grade:
        yield count(f"Register by risk: {tier}", (seen.of_item(i) for i in seen.items if i.tier is tier))
    for kind in sorted({item.item_type for item in seen.items}):
        of_kind: list[OpenItem] = [item for item in seen.items if item.item_type == kind]
        yield count(f"Register by kind: {words(kind)}", map(seen.of_item, of_kind))
    yield count(
        "Register items closed with a reference",
        (
            Record(id=s.partition(":")[2], title="closed", stream=s, position=seen.item_positions[s])
            for s in sorted(closed)
        ),
    )


def _case_files(seen: Seen) -> Iterator[Figure]:
    for stage, label in (
        ("built", "Case files built and not sent"),
        ("sent", "Case files sent and not acknowledged"),
    ):
        yield count(
            label, (seen.of_file(n, f"case {f.case}") for n, f in seen.files.items() if f.stage == stage)
        )
    settled = ((n, f) for n, f in seen.files.items() if f.stage not in ("built", "sent"))
    yield count(
        "Case files settled", (seen.of_file(n, f"case {f.case}, {words(f.stage)}") for n, f in settled)
    )


def _migrated(seen: Seen) -> Iterator[Figure]:
    yield count("Migrated records missing or not matching", seen.unmatched)
    for contract, newest in sorted(seen.latest.items()):
        rows = newest.outcome.source.rows if newest.outcome.source else None
        yield Figure(
            label=f"Records of the source compared ({contract})", value=rows, records=(newest.record(),)
        )


def _sums(seen: Seen) -> Iterator[Figure]:
    """A sum that does not come out is work that is somewhere and in no queue: a suspected backlog."""
    breaks = seen.files_sum.breaks_by
    sent = [seen.of_file(n, f"case {f.case}, {words(f.stage)}") for n, f in seen.files.items() if f.sent_at]
    off = (
        f"a suspected backlog: {so_many(abs(breaks), 'sent case file')} in no stage of the ledger"
        if breaks
        else ""
    )
    yield Figure(
        label="Case files the ledger cannot account for", value=abs(breaks), records=tuple(sent), concern=off
    )
    broken = [i for i in seen.identities if not i.holds]
    breaches = "\n".join(said for i in broken for said in i.breaches)
    offenders = tuple(seen.of_sheet(s) for s in seen.sheets if s.serial in breaches)
    said = (
        f"a suspected backlog: the paper register does not come out: {'; '.join(i.title for i in broken)}"
        if broken
        else ""
    )
    yield Figure(
        label="Identities of the paper register that do not hold",
        value=len(broken),
        records=offenders,
        concern=said,
    )


def _suspected(seen: Seen) -> Iterator[Figure]:
    """What a balance of created, done and open left over: in no list, so in none of the figures above either."""
    zone = seen.programme.zone
    open_ = [life for life in seen.suspicions if life.state.stage is Stage.SUSPECTED]
    missing = sum(life.state.missing for life in open_)
    said = (
        f"a suspected backlog: {so_many(missing, 'item')} neither done nor in a queue, and nobody has said what became of them"
        if missing
        else ""
    )
    yield Figure(
        label="Items that a broken balance leaves in no list",
        value=missing,
        records=tuple(_suspicion(life, f"{life.state.missing:,} since {show(life.first.at, zone)}: {', '.join(life.state.named)}") for life in open_),
        concern=said,
        listed=True,
    )  # fmt: skip
    settled = [life for life in seen.suspicions if life.state.stage is Stage.CLEAR]
    yield count(
        "Suspected backlogs that somebody explained by name",
        (_suspicion(life, f"{life.state.missing:,} items, {life.state.origin} ({life.state.settled_by}): {life.state.note}") for life in settled),
    )  # fmt: skip


def _suspicion(life: Life[SuspicionState], title: str) -> Record:
    return Record(id=life.name, title=title, stream=life.stream, position=life.last.position)


def _uncounted(seen: Seen) -> Iterator[str]:
    for contract in seen.contracts:
        newest = seen.latest.get(contract)
        if newest is None:
            yield f"{contract} was never compared with its source, so nobody knows what is missing"
        elif newest.outcome.verdict not in _DECIDED:
            yield f"the newest comparison of {contract} gave no answer ({newest.outcome})"
    yield from (f"what is missing cannot be listed: {why}" for why in seen.unreadable)
    if blind := [check.check_id for check in seen.checks if check.status == UNKNOWN]:
        yield f"{so_many(len(blind), 'monitor says', 'monitors say')} nothing we could count on: {', '.join(blind)}"


def _unsettled_files(seen: Seen) -> Mapping[str, CaseFile]:
    return {name: file for name, file in seen.files.items() if file.stage in ("built", "sent")}
