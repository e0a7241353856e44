"""Addresses of the lab."""

from django.urls import path

from reviewapp.lab import views, views_cases, views_disagreements, views_evaluation, views_studies, views_try

urlpatterns = [
    path("lab/", views.lab, name="lab"),
    path("lab/drafts/<uuid:version>/try", views_try.try_it, name="lab-try"),
    path("lab/tries/<uuid:run>", views_try.tried, name="lab-tried"),
    path("lab/drafts/<uuid:version>/gate", views_try.draft_gate, name="lab-draft-gate"),
    path("lab/drafts/<uuid:version>/gate/run", views_try.run_gate, name="lab-run-gate"),
    path("lab/drafts/<uuid:version>/backtest", views_studies.new_backtest, name="lab-new-backtest"),
    path("lab/sections/<slug:slug>/<str:code>/overrides", views_try.section_overrides, name="lab-overrides"),
    path("lab/versions/<uuid:version>/open-items", views_try.open_items, name="lab-open-items"),
    path("lab/versions/<uuid:version>/rejudge", views_try.rejudge, name="lab-rejudge"),
    path("lab/items/<uuid:item>/case", views_cases.make_case, name="lab-make-case"),
    path("lab/items/<uuid:item>/case/unsent", views_cases.unsent_case, name="lab-unsent-case"),
    path("lab/studies/<uuid:key>/pause", views_studies.pause, name="lab-pause"),
    path("lab/studies/<uuid:key>/resume", views_studies.resume, name="lab-resume"),
    path("lab/studies/<uuid:key>/cancel", views_studies.cancel, name="lab-cancel"),
    path("gates/<uuid:key>", views_studies.gate, name="gate"),
    path("gates/<uuid:key>/progress", views_studies.gate_progress, name="gate-progress"),
    path("backtests/<uuid:key>", views_studies.backtest, name="backtest"),
    path("backtests/<uuid:key>/progress", views_studies.backtest_progress, name="backtest-progress"),
    path("backtests/<uuid:key>/items.csv", views_studies.backtest_csv, name="backtest-csv"),
    path("backtests/<uuid:key>/report.json", views_studies.backtest_json, name="backtest-json"),
    path("backtests/<uuid:key>/breaks", views_studies.break_cases, name="backtest-breaks"),
    path("backtests/<uuid:key>/items/<uuid:sample>/case", views_studies.flip_case, name="backtest-case"),
    path("lab/evaluations/new", views_evaluation.new_evaluation, name="lab-new-evaluation"),
    path("evaluations/<uuid:key>", views_evaluation.evaluation, name="evaluation"),
    path("evaluations/<uuid:key>/progress", views_studies.evaluation_progress, name="evaluation-progress"),
    path("evaluations/<uuid:key>/rows/<uuid:row>/case", views_evaluation.row_case, name="evaluation-case"),
    path("evaluations/<uuid:key>/forget", views_evaluation.forget, name="evaluation-forget"),
    path("evaluations/<uuid:key>/rows.csv", views_evaluation.as_csv, name="evaluation-csv"),
    path("evaluations/<uuid:key>/report.json", views_evaluation.as_json, name="evaluation-json"),
    path("disagreements/", views_disagreements.inbox, name="disagreements"),
    path("disagreements/handle", views_disagreements.handle, name="disagreements-handle"),
]
