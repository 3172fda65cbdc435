"""One tree of settings, read once from the environment: CUTOVER_<NAME>, or CUTOVER_<NAME>_FILE for a secret in a file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cutover.core.errors import Invalid, Problem

PREFIX = "CUTOVER_"


class Settings(BaseModel):
    """What may be set from outside. Everything has a default that works on one machine with no account."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    database_url: str = Field(
        default="", repr=False, description="SQLAlchemy URL; default: SQLite in the programme's state folder"
    )
    host: str = Field(default="127.0.0.1", description="address that `cutover serve` listens on")
    port: int = Field(default=8080, ge=0, le=65535, description="port of `cutover serve`; 0 takes a free one")
    workers: int = Field(
        default=1, description="web processes of `cutover serve` on its one port, 1 to 64: one for each core"
    )
    base_url: str = Field(
        default="http://127.0.0.1:8080",
        description="the address under which people reach the pages: what links in notices begin with",
    )
    proxies: str = Field(
        default="127.0.0.1,::1",
        description="addresses and networks of the proxies in front, by commas: whose word counts for who asks, and for HTTPS",
    )
    prefect_port: int = Field(
        default=0, ge=0, le=65535, description="port of the local Prefect server; 0 takes a free one"
    )
    prefect_api_url: str = Field(
        default="", description="use this Prefect server instead of starting a local one"
    )
    secrets_dir: str = Field(
        default="",
        description="folder of files, one a secret by its name: where `{{ secret('name') }}` looks last",
    )
    reachable: str = Field(
        default="",
        description="addresses and networks that probes and tasks may ask although they are link-local, a cloud's metadata, or this machine under another name",
    )
    oidc_issuer: str = Field(
        default="", description="the OpenID provider people sign in with, such as https://login.force.example"
    )
    oidc_client_id: str = Field(default="", description="what that provider knows us as")
    oidc_client_secret: str = Field(
        default="", repr=False, description="our secret there; best as CUTOVER_OIDC_CLIENT_SECRET_FILE"
    )
    oidc_scopes: str = Field(
        default="openid profile email", description="what we ask the provider to say of somebody"
    )
    oidc_name: str = Field(default="single sign-on", description="what the sign-in page calls that provider")
    prefect_database_url: str = Field(
        default="",
        repr=False,  # it may hold a password
        description="database of `cutover deploy serve`; default: `prefect` beside a PostgreSQL of ours, else SQLite",
    )
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR")


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Build the settings. Raises Invalid naming the variable that is wrong."""
    env = os.environ if environ is None else environ
    found: dict[str, str] = {}
    for name in Settings.model_fields:
        if (value := env.get(PREFIX + name.upper())) is not None:
            found[name] = value
        if path := env.get(f"{PREFIX}{name.upper()}_FILE"):
            try:
                found[name] = Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise Invalid(
                    Problem(f"cannot read {path}: {error.strerror}", field=f"{PREFIX}{name.upper()}_FILE")
                ) from error
    try:
        return Settings(**found)
    except ValidationError as error:
        raise Invalid(
            *(Problem(e["msg"], field=f"{PREFIX}{str(e['loc'][0]).upper()}") for e in error.errors())
        ) from error
