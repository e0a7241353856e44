"""Addresses of the pages about machines, and of what machines ask the product."""

from django.urls import path

from reviewapp.screening import views, views_health

urlpatterns = [
    path("engine/", views.engine, name="engine"),
    path("engine/settings", views.engine_settings, name="engine-settings"),
    path("engine/canary/<uuid:canary>/accept", views.accept, name="engine-accept"),
    path("engine/<int:endpoint>/pause", views.pause, name="engine-pause"),
    path("engine/<int:endpoint>/resume", views.resume, name="engine-resume"),
    path("engine/chip", views.chip, name="engine-chip"),
    path("engine/prompts/<uuid:version>", views.prompt, name="engine-prompt"),
    path("prefilter/", views.prefilter, name="prefilter"),
    path("healthz", views_health.healthz, name="healthz"),
    path("readyz", views_health.readyz, name="readyz"),
    path("metrics", views_health.metrics, name="metrics"),
]
