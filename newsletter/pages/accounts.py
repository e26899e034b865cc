"""Logging in, with a second factor, and what a person sees of their own account: django-allauth's
views, of which only those are here that people who work in the admin need. Nobody signs up.
"""

from typing import Any
from urllib.parse import urlencode

from allauth.account import views
from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import include, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache

from newsletter.operations import second_factor
from papers import site
from subscriptions.readers.limits import address_of


class AccountAdapter(DefaultAccountAdapter):
    """How accounts work here: they are made in the admin, and whoever guesses passwords is locked
    out by django-axes, for a name from one address, as before.
    """

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts are made by an owner."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The visitor's address, by the rule of the whole site."""
        return address_of(request) or "0.0.0.0"  # noqa: S104 - stands for "not known"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """No limit beside that of django-axes, which nobody can use to lock out somebody else."""

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Whoever logs in works in the admin."""
        return reverse("admin:index")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Nothing: every email of ours is a row first, and accounts send none."""


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets of second factors are encrypted in the database."""

    def encrypt(self, text: str) -> str:
        """The secret as it is kept."""
        return second_factor.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """The secret as it is used."""
        return second_factor.decrypt(encrypted_text)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """The site that passkeys are for."""
        return {"id": settings.SITE_HOST, "name": site.current().name}

    def get_totp_issuer(self) -> str:
        """What programs that make codes call the account."""
        return site.current().name


@never_cache
def admin_login(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """The admin's way in: to the page that logs in, and from there on to what was wanted."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    hosts = {request.get_host()}
    if not url_has_allowed_host_and_scheme(wanted, hosts, require_https=request.is_secure()):
        wanted = ""
    if wanted.startswith(reverse("admin:login")):
        wanted = ""
    wanted = wanted or reverse("admin:index")
    user: Any = request.user
    if not user.is_authenticated:
        query = urlencode({"next": wanted})
        return HttpResponseRedirect(f"{resolve_url(settings.LOGIN_URL)}?{query}")
    if not (user.is_active and user.is_staff):
        raise PermissionDenied("This account may not work in the admin.")
    return HttpResponseRedirect(wanted)


urlpatterns = [
    path("login/", views.login, name="account_login"),
    path("logout/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("password/", views.password_change, name="account_change_password"),
    path("second-factor/", include("allauth.mfa.urls")),
    path("sessions/", include("allauth.usersessions.urls")),
]
