"""Addresses of sign-in, one's own settings, members and keys. The sign-in library's other pages are not mounted."""

from django.urls import path

from reviewapp.accounts import views, views_admin, views_notices

urlpatterns = [
    path("accounts/login/", views.sign_in, name="account_login"),
    path("accounts/logout/", views.sign_out, name="account_logout"),
    path("accounts/idle", views.idle_time, name="idle"),
    path("accounts/password/change/", views.change_password, name="account_change_password"),
    path("settings/me", views.me, name="me"),
    path("settings/languages", views.languages, name="languages"),
    path("settings/theme", views.theme, name="theme"),
    path("settings/notices", views_notices.notices, name="notices"),
    path("settings/notices/chip", views_notices.chip, name="notices-chip"),
    path("settings/notices/read", views_notices.read_all, name="notices-read"),
    path("settings/notices/<uuid:notice>", views_notices.open_notice, name="notice"),
    path("members/", views_admin.members, name="members"),
    path("members/<uuid:key>", views_admin.member, name="member"),
    path("members/<uuid:key>/<slug:change>", views_admin.change_member, name="member-change"),
    path("keys/", views_admin.keys, name="keys"),
    path("keys/<uuid:key>/revoke", views_admin.revoke_key, name="key-revoke"),
]
