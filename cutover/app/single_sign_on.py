"""The provider that the settings name; what speaks with it is installed with the extra `oidc`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cutover.app.settings import Settings
from cutover.core.clock import Clock
from cutover.core.errors import Unavailable
from cutover.core.reach import Reach
from cutover.web.oidc_sign_in import BACK

if TYPE_CHECKING:
    from cutover.web.oidc import Provider


def provider_of(settings: Settings, clock: Clock, reach: Reach) -> Provider:
    """Raises Invalid for settings that cannot be right, Unavailable where the extra is not installed."""
    try:
        from cutover.web.oidc import Client, Provider
    except ImportError as error:
        raise Unavailable(
            "single sign-on needs the extra `oidc`: pip install 'cutover-golive[oidc]'", permanent=True
        ) from error
    client = Client(
        settings.oidc_issuer,
        settings.oidc_client_id,
        settings.oidc_client_secret,
        settings.base_url.rstrip("/") + BACK,
        settings.oidc_scopes,
    )
    return Provider(client, clock, reach)
