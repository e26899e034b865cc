"""Reading the admin's pages, as one person or another."""

import re
from typing import Any

from django.contrib.auth.models import Permission, User
from django.test import Client


def staff(*permissions: str, is_superuser: bool = False) -> Client:
    """The browser of somebody who has these permissions and no other."""
    user = User.objects.create_user("staff", is_staff=True, is_superuser=is_superuser)
    for permission in permissions:
        app, codename = permission.split(".")
        user.user_permissions.add(
            Permission.objects.get(content_type__app_label=app, codename=codename)
        )
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def text(response: Any) -> str:
    return str(response.content.decode())


def cell(html: str, name: str) -> list[str]:
    """The text of a column of a change list."""
    cells = re.findall(rf'class="[^"]*field-{name}[^"]*"[^>]*>(.*?)</td>', html, re.DOTALL)
    return [re.sub(r"<[^>]+>|\s+", " ", found).strip() for found in cells]
