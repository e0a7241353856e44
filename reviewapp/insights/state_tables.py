"""Every state table of the house by the name that the map gives it, with the state that a new row has."""

from collections.abc import Mapping
from typing import Final

from reviewapp.insights.rules import EXPORT_STATES
from reviewapp.intake.rules import ITEM_STATES
from reviewapp.lab.rules import STUDY_STATES
from reviewapp.policies.rules import VERSION_STATES
from reviewapp.review.rules import TASK_STATES
from reviewapp.screening.rules import JUDGEMENT_STATES
from reviewapp.screening.rules_canary import CANARY_STATES
from reviewapp.screening.rules_runs import RUN_STATES
from reviewapp.ui.states import State
from reviewapp.webhooks.rules import DELIVERY_STATES

STATE_TABLES: Final[Mapping[str, tuple[Mapping[str, State], str]]] = {
    "Item": (ITEM_STATES, "received"),
    "Judgement": (JUDGEMENT_STATES, "pending"),
    "Canary": (CANARY_STATES, "running"),
    "Run": (RUN_STATES, "running"),
    "Task": (TASK_STATES, "waiting"),
    "Policy version": (VERSION_STATES, "draft"),
    "Delivery": (DELIVERY_STATES, "held"),
    "Study": (STUDY_STATES, "running"),
    "Export": (EXPORT_STATES, "queued"),
}
