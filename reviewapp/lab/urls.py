"""Addresses of the lab."""

from django.urls import path

from reviewapp.lab import views, views_evaluation

urlpatterns = [
    path("lab/", views.lab, name="lab"),
    path("evaluations/<uuid:key>", views_evaluation.evaluation, name="evaluation"),
    path("evaluations/<uuid:key>/rows.csv", views_evaluation.as_csv, name="evaluation-csv"),
    path("evaluations/<uuid:key>/report.json", views_evaluation.as_json, name="evaluation-json"),
]
