"""What each kind of action takes: the words that may stand under `with`, and which of them let an effect be asked after.

Knows nothing of how an action is performed, so that checking a plan opens no connection and loads no driver.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from cutover.domain.programme import Id, Part, Span
from runbooks.actions.kinds import Declared

HOUR = timedelta(hours=1)


def _one_line(text: str) -> str:
    if "\0" in text:
        raise ValueError("holds a NUL character")
    return text


def _constant(text: str) -> str:
    if "{{" in text:
        raise ValueError("is not filled in: hand values over beside it, never inside it")
    return text


def _reference(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,79}", name):
        raise ValueError("is the name of a secret, never the secret itself: set CUTOVER_SECRET_NAME")
    return name


Text = Annotated[str, AfterValidator(_one_line)]
Constant = Annotated[str, Field(min_length=1), AfterValidator(_one_line), AfterValidator(_constant)]
SecretName = Annotated[str, AfterValidator(_reference)]
Argv = Annotated[list[Text], Field(min_length=1)]


class HttpArguments(Part):
    """One request to a system of the programme, followed to the end of what it started."""

    system: str
    path: str
    method: str = "POST"
    body: Any = Field(default_factory=dict)
    headers: dict[str, Text] = Field(default_factory=dict)
    poll: str = Field(default="", description="the path under which a started job answers by its id")
    evidence: str = Field(default="{state}", description="a text with {fields} of the final answer")


class Statement(Part):
    """One statement; values are bound by name (`:name`), never put into its text. `:cutover_key` is always there."""

    sql: Constant
    values: dict[str, Any] = Field(default_factory=dict)


class SqlArguments(Part):
    """Statements in one transaction of a database whose SQLAlchemy URL is a secret."""

    database: SecretName = Field(description="name of the secret that holds the SQLAlchemy URL")
    statements: list[Statement] = Field(min_length=1)
    probe: Statement | None = Field(
        default=None, description="a query whose first value is true when the effect is there"
    )
    ledger: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.]*$")] | None = Field(
        default=None,
        description="a table with a unique text column `key`: written with the effect, so it happens once",
    )


class _Command(Part):
    argv: Argv | None = Field(
        default=None, description="program and arguments, each one word whatever it holds"
    )
    env: dict[str, Text] = Field(default_factory=dict)
    stdin: str = ""
    succeeds_on: list[int] = Field(default_factory=lambda: [0], description="exit codes that mean it worked")
    probe: Argv | None = Field(
        default=None,
        description="asked what became of it: exit 0 it is there, 1 it is not, else nobody knows",
    )


class ShellArguments(_Command):
    """A program on this machine, in a process group of its own."""

    sh: Constant | None = Field(
        default=None,
        description="a script for `sh -c`, chosen instead of argv; values reach it as $NAME from env",
    )
    cwd: str = Field(default="", description="folder; default: the programme's")

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.argv is None) is (self.sh is None):
            raise ValueError("name either argv or sh")
        return self


class SshArguments(_Command):
    """A program on another machine whose host key is known."""

    host: str
    port: int = Field(default=22, ge=1, le=65535)
    user: str
    key: SecretName | None = Field(default=None, description="secret: the private key")
    passphrase: SecretName | None = Field(default=None, description="secret: the key's passphrase")
    password: SecretName | None = Field(default=None, description="secret: the password")
    known_hosts: str = Field(
        default="known_hosts", description="file of known host keys, from the programme's folder"
    )
    argv: Argv = Field(description="program and arguments, each one word whatever it holds")

    @model_validator(mode="after")
    def _some_proof(self) -> Self:
        if self.key is None and self.password is None:
            raise ValueError("name the secret that holds the key or the password")
        return self


class PythonArguments(Part):
    """A Python function that a package offers as an entry point, in a process of its own."""

    function: Id = Field(description="an entry point of the group cutover.actions")
    arguments: dict[str, Any] = Field(default_factory=dict)
    probe: Id | None = Field(
        default=None, description="an entry point that says true, false or nothing about the effect"
    )


class JobArguments(Part):
    """A job of AWX, Ansible Automation Controller or Rundeck, launched and followed to its end."""

    controller: Literal["awx", "rundeck"]
    system: str = Field(description="name under `systems` of the controller's address")
    token: SecretName = Field(description="secret: the API token")
    job: str = Field(description="AWX: number or name of the job template; Rundeck: id of the job")
    workflow: bool = Field(default=False, description="AWX: it is a workflow job template")
    variables: dict[str, Any] = Field(default_factory=dict, description="extra_vars or options")
    key_name: Id = Field(default="cutover_key", description="the variable or option that holds our key")
    every: Span = Field(default=timedelta(seconds=15), description="how often it is asked after")


class DeploymentArguments(Part):
    """A Prefect deployment, run once per key and followed to its final state."""

    deployment: Annotated[str, Field(pattern=r"^[^/]+/[^/]+$")] = Field(description="FLOW/DEPLOYMENT")
    parameters: dict[str, Any] = Field(default_factory=dict)
    system: str = Field(
        default="", description="name under `systems` of the Prefect API; default: the run's own"
    )
    every: Span = Field(default=timedelta(seconds=10), description="how often it is asked after")


class WaitArguments(Part):
    """Until a time, or until a source of evidence says that something is met."""

    until: str = Field(default="", description="wall time of the programme's zone, or with offset")
    source: str = Field(default="", description="as in a gate's criterion: task:ID, monitor:ID, reconcile:ID")
    every: Span = Field(default=timedelta(minutes=1), description="how often the source is read")
    within: Span | None = Field(
        default=None, description="how long it may take, counted from when the task could start"
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if bool(self.until) is bool(self.source):
            raise ValueError("name either until or source")
        if self.source and self.within is None:
            raise ValueError(
                "a source that is waited for needs `within`: nothing is waited for without an end"
            )
        if self.until and "{{" not in self.until:
            datetime.fromisoformat(self.until)
        if self.every <= timedelta(0):
            raise ValueError("`every` is more than nothing")
        return self


class RunbookArguments(Part):
    """Another runbook of the programme, started as a run of its own and followed to its end."""

    runbook: Id


def _has(*names: str) -> Any:
    def can_tell(arguments: Mapping[str, Any]) -> bool:
        return any(arguments.get(name) for name in names)

    return can_tell


def _always(arguments: Mapping[str, Any]) -> bool:
    del arguments
    return True


BUILT_IN: Mapping[str, Declared] = {
    "http": Declared(HttpArguments, _always),
    "sql": Declared(SqlArguments, _has("probe", "ledger"), HOUR),
    "shell": Declared(ShellArguments, _has("probe"), HOUR),
    "ssh": Declared(SshArguments, _has("probe"), HOUR),
    "python": Declared(PythonArguments, _has("probe"), HOUR),
    "job": Declared(JobArguments, _always),
    "deployment": Declared(DeploymentArguments, _always),
    "wait": Declared(WaitArguments, _always),
    "runbook": Declared(RunbookArguments, _always),
}
