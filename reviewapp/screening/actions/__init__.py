"""The write door of screening: scoring, leases, verdicts, circuits, and what the sweeper does here."""

from reviewapp.screening.actions.circuits import (
    close_circuit,
    note_engine,
    note_pace,
    note_probe,
    open_circuit,
)
from reviewapp.screening.actions.leases import Claim, claim_judgements, release, renew_leases
from reviewapp.screening.actions.scoring import score_batch, switch_prefilter
from reviewapp.screening.actions.sweeping import Swept, erase_content, sweep
from reviewapp.screening.actions.verdicts import Committed, Outcome, commit_verdicts

__all__ = [
    "Claim",
    "Committed",
    "Outcome",
    "Swept",
    "claim_judgements",
    "close_circuit",
    "commit_verdicts",
    "erase_content",
    "note_engine",
    "note_pace",
    "note_probe",
    "open_circuit",
    "release",
    "renew_leases",
    "score_batch",
    "sweep",
    "switch_prefilter",
]
