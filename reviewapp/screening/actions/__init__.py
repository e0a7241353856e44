"""The write door of screening: scoring, leases, verdicts, circuits, and what the sweeper does here."""

from reviewapp.screening.actions.circuits import (
    close_circuit,
    note_engine,
    note_pace,
    note_probe,
    open_circuit,
)
from reviewapp.screening.actions.leases import Claim, claim_judgements, release, renew_leases
from reviewapp.screening.actions.runs import (
    Asked,
    ask,
    cancel_run,
    finish_asking,
    judge_now,
    pause_run,
    resume_run,
    start_run,
    tend_runs,
)
from reviewapp.screening.actions.scoring import score_batch, switch_prefilter
from reviewapp.screening.actions.sweeping import Swept, erase_content, sweep
from reviewapp.screening.actions.verdicts import Committed, Outcome, commit_verdicts

__all__ = [
    "Asked",
    "Claim",
    "Committed",
    "Outcome",
    "Swept",
    "ask",
    "cancel_run",
    "claim_judgements",
    "close_circuit",
    "commit_verdicts",
    "erase_content",
    "finish_asking",
    "judge_now",
    "note_engine",
    "note_pace",
    "note_probe",
    "open_circuit",
    "pause_run",
    "release",
    "renew_leases",
    "resume_run",
    "score_batch",
    "start_run",
    "sweep",
    "switch_prefilter",
    "tend_runs",
]
