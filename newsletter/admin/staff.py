"""Accounts of people who work in the admin, and their roles. What is done to them is on record."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminSelectWidget

from newsletter.operations.roles import BY_NAME, ROLES, Role, make_roles
from newsletter.pages.accounts import admin_login
from papers import audit
from papers.admin.base import ModelAdmin

for _model in (User, Group, Authenticator, UserSession, EmailAddress):
    admin.site.unregister(_model)  # the last three are their owners', at /account/

admin.site.login = admin_login  # type: ignore[method-assign]


class GiveForm(forms.Form):
    """Who gets which role."""

    user = forms.ModelChoiceField(
        queryset=User.objects.filter(is_active=True).order_by("username"),
        label="account",
        widget=UnfoldAdminSelectWidget(),
    )
    role = forms.ChoiceField(
        choices=[(role.name, role.name) for role in ROLES], widget=UnfoldAdminSelectWidget()
    )


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):  # type: ignore[misc, type-arg]
    """Accounts. Nobody gives away what they do not have themselves."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "is_active", "is_staff", "is_superuser", "last_login")
    list_filter = ("is_staff", "is_active", "groups")
    restorable = ("first_name", "last_name", "is_active", "is_staff")
    filter_horizontal = ()  # the two lists beside each other are wider than a telephone

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Only a superuser changes a superuser."""
        may: bool = super().has_change_permission(request, obj)
        return may and not (obj is not None and obj.is_superuser and not _is_superuser(request))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Only a superuser deletes a superuser."""
        may: bool = super().has_delete_permission(request, obj)
        return may and not (obj is not None and obj.is_superuser and not _is_superuser(request))

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Only a superuser makes a superuser."""
        fields = [*super().get_readonly_fields(request, obj)]
        return fields if _is_superuser(request) else [*fields, "is_superuser", "user_permissions"]


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc]
    """Groups: the roles that come with Broadsheet, and one's own."""

    def get_urls(self) -> list[URLPattern]:
        """With the page of the roles."""
        view = self.admin_site.admin_view(self.roles_view)
        return [path("roles/", view, name="auth_group_roles"), *super().get_urls()]

    def roles_view(self, request: HttpRequest) -> HttpResponse:
        """What each role may do and who has it; make the roles, and give one."""
        if not (request.user.has_perms(("auth.change_user", "auth.change_group"))):
            raise PermissionDenied
        form = GiveForm(request.POST if "_give" in request.POST else None)
        if request.method == "POST" and "_make" in request.POST:
            made = make_roles()
            changes = {
                one.role.name: {"permissions": [one.removed, one.added]}
                for one in made
                if one.added or one.removed
            }
            audit.record(request, "made the roles", model=Group, changes=changes, number=len(made))
            messages.success(request, "The roles now match those that ship with Broadsheet.")
            return HttpResponseRedirect(reverse("admin:auth_group_roles"))
        if request.method == "POST" and form.is_valid():
            self._give(request, form.cleaned_data["user"], form.cleaned_data["role"])
            return HttpResponseRedirect(reverse("admin:auth_group_roles"))
        context = {
            **self.admin_site.each_context(request),
            "title": "Roles",
            "opts": self.opts,
            "form": form,
            "rows": _who_has_which(),
            "differing": [
                one.role.name for one in make_roles(dry_run=True) if one.added or one.removed
            ],
        }
        return TemplateResponse(request, "newsletter/admin/roles.html", context)

    def _give(self, request: HttpRequest, user: User, role: str) -> None:
        group = Group.objects.filter(name=role).first()
        theirs: set[str] = request.user.get_all_permissions()
        given = (
            {f"{app}.{name}" for app, name in _permissions(group)} if group is not None else set()
        )
        if group is None:
            messages.error(request, "Make the roles first.")
            return
        if not _is_superuser(request) and not given <= theirs:
            raise PermissionDenied("You can’t give a role that allows more than your own.")
        before = {"groups": sorted(user.groups.values_list("name", flat=True))}
        was_staff = user.is_staff
        user.groups.add(group)
        user.is_staff = True
        user.save(update_fields=["is_staff"])
        after = sorted(user.groups.values_list("name", flat=True))
        changes: dict[str, list[Any]] = {
            "groups": [before["groups"], after],
            "is_staff": [was_staff, True],
        }
        audit.record(request, f"gave the role {role}", user, changes={str(user.pk): changes})
        messages.success(request, f"{user} has the role {role} now.")


def _who_has_which() -> list[tuple[Role, list[User]]]:
    """Each role with the accounts that have it."""
    groups = Group.objects.filter(name__in=BY_NAME).prefetch_related(
        Prefetch("user_set", User.objects.order_by("username"), to_attr="members")
    )
    members: dict[str, list[User]] = {group.name: group.members for group in groups}
    return [(role, members.get(role.name, [])) for role in ROLES]


def _permissions(group: Group) -> list[tuple[str, str]]:
    return list(group.permissions.values_list("content_type__app_label", "codename"))


def _is_superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_superuser)
