"""Signatures under a prepared key are those of the standard library."""

import hmac
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from subscriptions.macs import mac_under


@given(key=st.binary(max_size=200), texts=st.lists(st.binary(max_size=300), max_size=5))
def test_a_prepared_key_signs_as_hmac_does(key, texts):
    sign = mac_under(key)
    assert [sign(text) for text in texts] == [hmac.digest(key, text, "sha256") for text in texts]


def test_threads_may_share_a_key():
    texts = [b"%d" % n for n in range(2000)]
    with ThreadPoolExecutor(4) as pool:
        signed = list(pool.map(mac_under(b"key"), texts))
    assert signed == [hmac.digest(b"key", text, "sha256") for text in texts]
