"""A Thursday without topics but one."""

import pytest
import time_machine

from papers.models import Topic
from tests.factories import (
    NOW,
    make_topic,
)


@pytest.fixture(autouse=True)
def thursday():
    Topic.objects.all().delete()
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def topic():
    return make_topic("KV cache", keywords=["KV cache", "cache eviction"], categories=["cs.LG"])
