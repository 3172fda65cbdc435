"""What looks ahead of a run and back on it, loaded when first asked for: it needs numpy, and work comes first."""

from typing import TYPE_CHECKING

from cutover.core.late import late_names

if TYPE_CHECKING:
    from runbooks.domain.backout_plan import backout_id
    from runbooks.domain.forecasting.backout_time import way_back_tasks
    from runbooks.domain.forecasting.calibration import PastRun, past_run
    from runbooks.domain.forecasting.fitting import fitted, past_durations
    from runbooks.domain.reviewing.review import Review
    from runbooks.forecaster import Background, move
    from runbooks.reviewer import review_of

__all__ = [
    "Background", "PastRun", "Review", "backout_id", "fitted", "move", "past_durations", "past_run", "review_of",
    "way_back_tasks",
]  # fmt: skip

__getattr__ = late_names(
    "runbooks",
    {
        "domain.backout_plan": ("backout_id",),
        "domain.forecasting.backout_time": ("way_back_tasks",),
        "domain.forecasting.calibration": ("PastRun", "past_run"),
        "domain.forecasting.fitting": ("fitted", "past_durations"),
        "domain.reviewing.review": ("Review",),
        "forecaster": ("Background", "move"),
        "reviewer": ("review_of",),
    },
)
