"""Rows that all tests of a module look at, made once.

A fixture makes its rows anew for each test, which is what a test wants that counts them, and costs
more than the test where hundreds ask one site one question each. Such a module has a fixture of the
module's scope that makes its rows inside `until_the_end`. Its tests are marked `django_db` as all
others: what each of them changes is undone after it, and the rows are as they were.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from pytest_django import DjangoDbBlocker


@contextmanager
def until_the_end(blocker: DjangoDbBlocker) -> Iterator[None]:
    """What is made inside is there as long as the block lasts, and is never committed.

    `blocker` is the fixture `django_db_blocker`; ask for `django_db_setup`, too.
    """
    with blocker.unblock(), transaction.atomic():
        try:
            yield
        finally:
            transaction.set_rollback(True)
