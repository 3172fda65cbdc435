"""Every kind of fact and every view of the journal: what whoever opens a journal must know, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable

import contingency.domain.backlog
import contingency.domain.conversion
import contingency.domain.improvements
import contingency.domain.notices
import contingency.domain.triggers
import cutover.domain.gates
import cutover.domain.modes
import cutover.reconciliation.comparison
import monitors.domain.alert
import monitors.domain.downtime_events
import monitors.domain.flow_events
import monitors.domain.health
import monitors.domain.ledger
import monitors.domain.register
import monitors.domain.suspicion
import paper_capture.domain.images
import paper_capture.domain.moves
import paper_capture.domain.stationery
import runbooks.domain.run_events
import runbooks.domain.weather
from contingency.tables import projections as contingency_views
from cutover.core.event import Catalogue, Event
from cutover.reconciliation.tables import ReconciliationView
from cutover.store.pen import Projection
from monitors.alert_states import AlertStates
from monitors.tables import CaseFiles, MonitorStates
from paper_capture.image_tables import ImagesProjection
from paper_capture.tables import PaperProjection

EVENTS: tuple[Iterable[type[Event]], ...] = (
    cutover.domain.modes.EVENTS,
    cutover.domain.gates.EVENTS,
    cutover.reconciliation.comparison.EVENTS,
    runbooks.domain.run_events.EVENTS,
    runbooks.domain.weather.EVENTS,
    monitors.domain.health.EVENTS,
    monitors.domain.downtime_events.EVENTS,
    monitors.domain.alert.EVENTS,
    monitors.domain.ledger.EVENTS,
    monitors.domain.flow_events.EVENTS,
    monitors.domain.register.EVENTS,
    monitors.domain.suspicion.EVENTS,
    paper_capture.domain.moves.EVENTS,
    paper_capture.domain.images.EVENTS,
    paper_capture.domain.stationery.EVENTS,
    contingency.domain.triggers.EVENTS,
    contingency.domain.backlog.EVENTS,
    contingency.domain.conversion.EVENTS,
    contingency.domain.notices.EVENTS,
    contingency.domain.improvements.EVENTS,
)


def catalogue() -> Catalogue:
    """Every kind of fact this version knows."""
    return Catalogue(*EVENTS)


def projections() -> list[Projection]:
    """Every view of the journal this version keeps."""
    return [
        ReconciliationView(),
        MonitorStates(),
        AlertStates(),
        CaseFiles(),
        PaperProjection(),
        ImagesProjection(),
        *contingency_views(),
    ]
