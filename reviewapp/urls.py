"""The doors to the street: one include for each room, the API, and the pages for errors."""

from django.urls import URLPattern, URLResolver, include, path

from reviewapp.intake import api as _items
from reviewapp.policies import api as _policies
from reviewapp.review import api as _review
from reviewapp.ui.api import v1

assert _items and _policies and _review, "operations hang themselves on v1 when their module is imported"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("reviewapp.accounts.urls")),
    path("", include("reviewapp.policies.urls")),
    path("", include("reviewapp.screening.urls")),
    path("", include("reviewapp.review.urls")),
    path("api/v1/", v1.urls),
]

handler400 = "reviewapp.ui.pages.bad_request"
handler403 = "reviewapp.ui.pages.forbidden"
handler404 = "reviewapp.ui.pages.not_found"
handler500 = "reviewapp.ui.pages.server_error"
