"""The write door of the lab."""

from reviewapp.lab.actions.advancing import advance_studies, tell_engine
from reviewapp.lab.actions.backtesting import case_from_sample, cases_from_breaks, look_ahead, start_backtest
from reviewapp.lab.actions.case_making import make_case
from reviewapp.lab.actions.evaluating import end_evaluation, forget_texts, keep_answers, start_evaluation
from reviewapp.lab.actions.gating import start_gate
from reviewapp.lab.actions.handling import handle_overrides
from reviewapp.lab.actions.rejudging import rejudge_open
from reviewapp.lab.actions.studies import cancel_study, note_download, pause_study, resume_study
from reviewapp.lab.actions.trying import forget_tries, start_try
from reviewapp.lab.actions.uploading import case_from_row, start_judged_evaluation

__all__ = [
    "advance_studies",
    "cancel_study",
    "case_from_row",
    "case_from_sample",
    "cases_from_breaks",
    "end_evaluation",
    "forget_texts",
    "forget_tries",
    "handle_overrides",
    "keep_answers",
    "look_ahead",
    "make_case",
    "note_download",
    "pause_study",
    "rejudge_open",
    "resume_study",
    "start_backtest",
    "start_evaluation",
    "start_gate",
    "start_judged_evaluation",
    "start_try",
    "tell_engine",
]
