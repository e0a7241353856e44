"""The doors to the street: one include for each room, the API, and the pages for errors."""

from django.urls import URLPattern, URLResolver, include, path

from reviewapp.insights import api as insights_api
from reviewapp.intake import api as intake_api
from reviewapp.policies import api as policies_api
from reviewapp.review import api as review_api
from reviewapp.ui.api import v1

assert all((intake_api, policies_api, review_api, insights_api)), (
    "operations hang themselves on v1 when imported"
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", v1.urls),  # first: programs call it for every item, and a path is tried against each line
    path("", include("reviewapp.accounts.urls")),
    path("", include("reviewapp.webhooks.urls")),
    path("", include("reviewapp.policies.urls")),
    path("", include("reviewapp.screening.urls")),
    path("", include("reviewapp.review.urls")),
    path("", include("reviewapp.lab.urls")),
    path("", include("reviewapp.insights.urls")),
]

handler400 = "reviewapp.ui.pages.bad_request"
handler403 = "reviewapp.ui.pages.forbidden"
handler404 = "reviewapp.ui.pages.not_found"
handler500 = "reviewapp.ui.pages.server_error"
