"""Addresses of policies: the list, versions, and the draft with its steps to publication."""

from django.urls import path

from reviewapp.policies import views

urlpatterns = [
    path("policies/", views.policies, name="policies"),
    path("policies/new", views.new_policy, name="policy-new"),
    path("policies/<slug:slug>", views.policy, name="policy"),
    path("policies/<slug:slug>/versions/<int:number>", views.version, name="policy-version"),
    path("policies/<slug:slug>/draft", views.draft, name="policy-draft"),
    path("policies/<slug:slug>/draft/start", views.start, name="policy-start"),
    path("policies/<slug:slug>/draft/propose", views.propose, name="policy-propose"),
    path("policies/<slug:slug>/draft/take-back", views.take_back, name="policy-take-back"),
    path("policies/<slug:slug>/draft/discard", views.discard, name="policy-discard"),
    path("policies/<slug:slug>/draft/approve", views.approve, name="policy-approve"),
    path("policies/<slug:slug>/draft/send-back", views.send_back, name="policy-send-back"),
    path("policies/<slug:slug>/draft/publish", views.publish, name="policy-publish"),
]
