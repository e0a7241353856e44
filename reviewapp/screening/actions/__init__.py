"""The write door of screening: scoring, leases, verdicts, circuits, and what the sweeper does here."""

from reviewapp.screening.actions.canaries import accept_canary, start_canary, tend_canaries
from reviewapp.screening.actions.circuits import (
    Tally,
    align_endpoints,
    close_circuit,
    note_engine,
    note_fingerprint,
    note_pace,
    note_probe,
    open_circuit,
    remembered_window,
)
from reviewapp.screening.actions.hurrying import NotJudgedNow, judge_now
from reviewapp.screening.actions.leases import Claim, claim_judgements, release, renew_leases
from reviewapp.screening.actions.runs import (
    Asked,
    ask,
    cancel_run,
    finish_asking,
    pause_run,
    resume_run,
    start_run,
    tend_runs,
)
from reviewapp.screening.actions.scoring import score_batch, switch_prefilter
from reviewapp.screening.actions.steering import (
    ReasonerSettings,
    pause_engine,
    resume_engine,
    set_reasoner,
)
from reviewapp.screening.actions.sweeping import (
    Swept,
    erase_content,
    ring_probes,
    sweep,
    take_back,
)
from reviewapp.screening.actions.verdicts import MOST_OUTCOMES, Committed, Outcome, commit_verdicts

__all__ = [
    "MOST_OUTCOMES",
    "Asked",
    "Claim",
    "Committed",
    "NotJudgedNow",
    "Outcome",
    "ReasonerSettings",
    "Swept",
    "Tally",
    "accept_canary",
    "align_endpoints",
    "ask",
    "cancel_run",
    "claim_judgements",
    "close_circuit",
    "commit_verdicts",
    "erase_content",
    "finish_asking",
    "judge_now",
    "note_engine",
    "note_fingerprint",
    "note_pace",
    "note_probe",
    "open_circuit",
    "pause_engine",
    "pause_run",
    "release",
    "remembered_window",
    "renew_leases",
    "resume_engine",
    "resume_run",
    "ring_probes",
    "score_batch",
    "set_reasoner",
    "start_canary",
    "start_run",
    "sweep",
    "switch_prefilter",
    "take_back",
    "tend_canaries",
    "tend_runs",
]
