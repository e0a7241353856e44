"""The addresses of review."""

from django.urls import path

from reviewapp.review import views, views_act, views_calls, views_claims, views_outbox, views_people

urlpatterns = [
    path("", views.home, name="home"),
    path("queues/<slug:slug>", views.queue, name="queue"),
    path("queues/<slug:slug>/next", views.queue_next, name="queue-next"),
    path("queues/<slug:slug>/reserve", views_act.reserve, name="queue-reserve"),
    path("review/<uuid:item>", views.item, name="review-item"),
    path("review/<uuid:item>/late", views.late, name="review-late"),
    path("review/<uuid:item>/claim", views_act.claim, name="review-claim"),
    path("review/<uuid:item>/confirm", views_act.confirm, name="review-confirm"),
    path("review/<uuid:item>/override", views_act.override, name="review-override"),
    path("review/<uuid:item>/skip", views_act.skip, name="review-skip"),
    path("review/<uuid:item>/release", views_act.release, name="review-release"),
    path("review/<uuid:item>/renew", views_act.renew, name="review-renew"),
    path("review/<uuid:item>/restrict", views_claims.restrict, name="review-restrict"),
    path("review/<uuid:item>/hold", views_claims.hold, name="review-hold"),
    path("review/<uuid:item>/hand-over", views_claims.hand_over, name="review-hand-over"),
    path("review/<uuid:item>/take-over", views_claims.take_over, name="review-take-over"),
    path("review/<uuid:item>/draft", views_claims.draft, name="review-draft"),
    path("review/<uuid:item>/leave", views_claims.leave, name="review-leave"),
    path("review/<uuid:item>/note", views_people.note, name="review-note"),
    path("review/<uuid:item>/escalate", views_people.escalate, name="review-escalate"),
    path("review/<uuid:item>/checklist", views_people.checklist, name="review-checklist"),
    path("review/<uuid:item>/author", views_people.author_of_item, name="review-author"),
    path("authors/<str:source>/<path:author>/protect", views_people.protect, name="author-protect"),
    path("authors/<str:source>/<path:author>", views_people.author, name="author"),
    path("queues/<slug:slug>/members", views_people.members, name="queue-members"),
    path("settings/care", views_people.care, name="care"),
    path("queues/<slug:slug>/agreement", views.agreement, name="queue-agreement"),
    path("settings/agreement", views.my_agreement, name="my-agreement"),
    path("settings/calls", views_calls.last_calls, name="last-calls"),
    path("decisions/<uuid:decision>/replace", views_calls.replace, name="decision-replace"),
    path("actions/", views_calls.catalogue, name="actions"),
    path("shift/end", views_claims.end_shift, name="shift-end"),
    path("queues/<slug:slug>/note", views_claims.queue_note, name="queue-note"),
    path("decisions/<uuid:decision>", views.decision, name="decision"),
    path("deliveries/<uuid:delivery>/body", views_outbox.told, name="delivery-body"),
    path("decisions/<uuid:decision>/undo", views_act.undo, name="decision-undo"),
]
