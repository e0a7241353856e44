"""The doors to the street: one include for each room, the API, and the pages for errors."""

from django.urls import URLPattern, URLResolver, path

from reviewapp.ui.api import v1

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", v1.urls),
]

handler400 = "reviewapp.ui.pages.bad_request"
handler403 = "reviewapp.ui.pages.forbidden"
handler404 = "reviewapp.ui.pages.not_found"
handler500 = "reviewapp.ui.pages.server_error"
