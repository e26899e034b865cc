"""An editor who may do everything."""

import pytest
from django.contrib.auth.models import User


@pytest.fixture
def editor(browser):
    browser.handler.enforce_csrf_checks = False
    browser.force_login(
        User.objects.create_superuser("editor"), "django.contrib.auth.backends.ModelBackend"
    )
    return browser
