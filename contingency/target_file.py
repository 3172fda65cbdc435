"""Which system takes the records, by which kind of adapter, under which terms: the `target` of contingency/*.yaml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from importlib.metadata import entry_points
from typing import Any

from pydantic import Field

from contingency.domain.mapping import FormMap, faults
from contingency.domain.terms import Terms
from contingency.likeness import Part as AddressPart
from cutover.domain.programme import Hours, Part, Span

GROUP = "cutover.targets"  # entry points: name -> callable(declaration, folder, secret) -> Target


class TargetDeclaration(Part):
    """What takes the records, and what was agreed with whoever runs it."""

    kind: str = Field(
        default="http", description="http, sql, files, or the name of an entry point of cutover.targets"
    )
    system: str = Field(default="new_records", description="http: its name under `systems`")
    event: str = Field(
        default="", description="put before the serial in the key, where a target serves several events"
    )
    patience: Span = Field(default=timedelta(seconds=10), gt=timedelta(0), description="for one answer")
    attempts: int = Field(
        default=6, ge=1, le=50, description="for one record, before it is left for the next batch"
    )
    at_once: int = Field(default=8, ge=1, le=256, description="records under way at once, a worker")
    records_a_second: float = Field(default=0.0, ge=0, description="its limit, a worker; 0 for none")
    maintenance: tuple[Hours, ...] = Field(default=(), description="hours in which it is left alone")
    create: str = Field(default="/records", description="http: where a record is posted")
    by_serial: str = Field(
        default="/records/by-serial?serial={serial}",
        description="asked before anything is sent again; {serial} is put in",
    )
    held: str = Field(
        default="/records", description="http: where it lists what it holds of a form type and a span"
    )
    reference: str = Field(default="reference", description="the field of its answer that names the record")
    url: str = Field(default="", description="sql: the name of the secret that holds the database URL")
    table: str = Field(default="", description="sql: the table that takes the records")
    key_column: str = Field(default="serial", description="sql: the column with the key; it must be unique")
    folder: str = Field(
        default="outgoing", description="files: where the records are put, in the programme's folder"
    )
    fields: tuple[str, ...] = Field(
        default=(), description="every field the target has; a mapping to any other is refused"
    )
    required: tuple[str, ...] = ()
    mappings: tuple[FormMap, ...] = Field(default=(), description="none: records go out in our own shape")
    address: dict[AddressPart, str] = Field(
        default_factory=dict,
        description="number, street, place, suburb, postcode, region: the field of a form that says it, for matching",
    )
    options: dict[str, Any] = Field(default_factory=dict, description="for an adapter of your own")

    def terms(self, zone: str) -> Terms:
        return Terms(self.maintenance, zone, self.records_a_second, self.at_once)

    def faults(self, forms: Mapping[str, Any]) -> Iterator[tuple[tuple[int | str, ...], str, str]]:
        """Where in the declaration, what is wrong there, what was probably meant. `forms` by id, with their fields."""
        names = {entry.name for entry in entry_points(group=GROUP)} | {"http", "sql", "files"}
        if self.kind not in names:
            yield ("kind",), f"no kind of target is named '{self.kind}' ({', '.join(sorted(names))})", ""
        for i, one in enumerate(self.mappings):
            if one.form not in forms:
                yield ("mappings", i, "form"), f"no form is named '{one.form}'", ""
                continue
            asked = {field.name for field in forms[one.form].fields}
            for entry, message, near in faults(one, asked, self.fields, self.required):
                where = ("mappings", i) if entry is None else ("mappings", i, "fields", entry)
                yield where, message, near
