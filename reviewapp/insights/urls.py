"""Addresses of the audit log, exports and the manual."""

from django.urls import path

from reviewapp.insights import views, views_exports, views_manual

urlpatterns = [
    path("audit/", views.audit, name="audit"),
    path("exports/", views_exports.exports, name="exports"),
    path("exports/<uuid:key>", views_exports.export, name="export"),
    path("exports/<uuid:key>/file", views_exports.file, name="export-file"),
    path("exports/<uuid:key>/cancel", views_exports.cancel, name="export-cancel"),
    path("help/", views_manual.contents, name="help"),
    path("help/keys", views_manual.keys, name="help-keys"),
    path("help/<slug:slug>", views_manual.page, name="help-page"),
]
