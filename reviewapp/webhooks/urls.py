"""Addresses of endpoints and their delivery logs."""

from django.urls import path

from reviewapp.webhooks import views

urlpatterns = [
    path("webhooks/", views.endpoints, name="webhooks"),
    path("webhooks/<uuid:key>", views.endpoint, name="webhook"),
    path("webhooks/<uuid:key>/<slug:change>", views.change_endpoint, name="webhook-change"),
]
