"""The options that nearly every command has: which programme, and whether the answer is for a program."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

Folder = Annotated[Path, Parameter(help="the programme folder")]
AsJson = Annotated[bool, Parameter(name="--json", negative="", help="answer in JSON")]
