"""The one door of inference: what judges text. Knows neither Django nor the database."""

from inference.injection import injection_suspected
from inference.prefilter import Prefilter
from inference.reasoner import EngineUnavailable, Reasoner
from inference.types import (
    FAMILIES,
    Confidence,
    ContextEntry,
    Effort,
    EngineIdentity,
    EngineLoad,
    Failure,
    FailureKind,
    ItemText,
    Label,
    PolicyText,
    Spoken,
    Usage,
    Verdict,
)

__all__ = [
    "FAMILIES",
    "Confidence",
    "ContextEntry",
    "Effort",
    "EngineIdentity",
    "EngineLoad",
    "EngineUnavailable",
    "Failure",
    "FailureKind",
    "ItemText",
    "Label",
    "PolicyText",
    "Prefilter",
    "Reasoner",
    "Spoken",
    "Usage",
    "Verdict",
    "injection_suspected",
]
