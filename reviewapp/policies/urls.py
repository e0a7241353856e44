"""Addresses of policies: the list, versions, cases, and the draft with its steps to publication."""

from django.urls import path

from reviewapp.policies import views, views_cases, views_editor, views_versions

_VERSION = "policies/<slug:slug>/versions/<int:number>"

urlpatterns = [
    path("policies/", views.policies, name="policies"),
    path("policies/new", views.new_policy, name="policy-new"),
    path("policies/new/adopt", views.adopt, name="policy-adopt"),
    path("policies/of/<uuid:policy>", views.found, name="policy-found"),
    path("policies/<slug:slug>", views.policy, name="policy"),
    path("policies/<slug:slug>/retire", views_versions.retire, name="policy-retire"),
    path("policies/<slug:slug>/compare", views_versions.choose, name="policy-choose"),
    path("policies/<slug:slug>/cases/<str:code>", views_cases.history, name="case-history"),
    path(_VERSION, views.version, name="policy-version"),
    path(f"{_VERSION}/bring-back", views_versions.bring_back, name="policy-bring-back"),
    path(f"{_VERSION}/sign-gaps", views_versions.sign_gaps, name="policy-sign-gaps"),
    path(f"{_VERSION}/cases", views_cases.cases, name="cases"),
    path(f"{_VERSION}/cases/add", views_cases.add, name="case-add"),
    path(f"{_VERSION}/cases/import", views_cases.bring, name="case-import"),
    path(f"{_VERSION}/cases/<uuid:case>", views_cases.edit, name="case-edit"),
    path(f"{_VERSION}/cases/<uuid:case>/answer", views_cases.answer, name="case-answer"),
    path(
        "policies/<slug:slug>/versions/<int:before>/diff/<int:after>",
        views_versions.compare,
        name="policy-compare",
    ),
    path("policies/<slug:slug>/draft", views.draft, name="policy-draft"),
    path("policies/<slug:slug>/draft/autosave", views_editor.autosave, name="draft-autosave"),
    path("policies/<slug:slug>/draft/hold", views_editor.hold, name="draft-hold"),
    path("policies/<slug:slug>/draft/take-over", views_editor.take_over, name="draft-take-over"),
    path("policies/<slug:slug>/draft/forget", views_editor.forget, name="draft-forget"),
    path("policies/<slug:slug>/draft/check", views_editor.check, name="draft-check"),
    path("policies/<slug:slug>/draft/preview", views_editor.preview, name="draft-preview"),
    path("policies/<slug:slug>/draft/section", views_editor.section, name="draft-section"),
    path("policies/<slug:slug>/draft/start", views.start, name="policy-start"),
    path("policies/<slug:slug>/draft/propose", views.propose, name="policy-propose"),
    path("policies/<slug:slug>/draft/take-back", views.take_back, name="policy-take-back"),
    path("policies/<slug:slug>/draft/discard", views.discard, name="policy-discard"),
    path("policies/<slug:slug>/draft/approve", views.approve, name="policy-approve"),
    path("policies/<slug:slug>/draft/send-back", views.send_back, name="policy-send-back"),
    path("policies/<slug:slug>/draft/publish", views.publish, name="policy-publish"),
    path("policies/<slug:slug>/draft/schedule", views_versions.schedule, name="policy-schedule"),
    path("policies/<slug:slug>/draft/unschedule", views_versions.unschedule, name="policy-unschedule"),
    path("policies/<slug:slug>/draft/ask-waiver", views_versions.ask_waiver, name="policy-ask-waiver"),
    path("policies/<slug:slug>/draft/grant-waiver", views_versions.grant_waiver, name="policy-grant-waiver"),
]
