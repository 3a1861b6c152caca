"""Signatures, held to the vectors of both specifications."""

from base64 import b64decode
from datetime import UTC, datetime

import pytest

from kolli.errors import Invalid
from kolli.webhooks.signing import check_key, headers_of, sendcloud_signature, standard_secret

AT = datetime.fromtimestamp(1614265330, UTC)


def test_the_documented_check_vector_of_the_hosted_service():
    """Source: Webhooks, the examples in PHP and Python (2026-07)."""
    expected = "1eed4b3d41f4653ac64fd56f1bf1cbfd349e4482cbc11dff7134bd93e5da4b0a"

    assert sendcloud_signature(b'{"key": "value"}', "secretkey") == expected


def test_a_known_signature_of_standard_webhooks():
    """The values of the specification's own libraries: their tests and their documentation's example."""
    headers = headers_of(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", AT
    )

    assert headers["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_key_of_any_text_is_the_same_for_libraries_of_standard_webhooks():
    ours, theirs = headers_of("m", b"{}", "secretkey", AT), headers_of("m", b"{}", standard_secret("secretkey"), AT)

    assert standard_secret("secretkey") == "whsec_c2VjcmV0a2V5"
    assert ours["webhook-signature"] == theirs["webhook-signature"]


def test_without_a_key_a_message_has_an_id_and_a_time_only():
    assert headers_of("m", b"{}", None, AT) == {"webhook-id": "m", "webhook-timestamp": "1614265330"}


def test_a_key_of_standard_webhooks_stays_what_it_is():
    assert standard_secret("whsec_c2VjcmV0a2V5") == "whsec_c2VjcmV0a2V5"
    assert b64decode("c2VjcmV0a2V5") == b"secretkey"


@pytest.mark.parametrize("key", ["", "ä", "a\n", "x" * 201, "whsec_not base64!"])
def test_what_cannot_be_a_key_is_refused(key):
    with pytest.raises(Invalid):
        check_key(key)


@pytest.mark.parametrize("key", ["a", "x" * 200, "whsec_c2VjcmV0a2V5"])
def test_what_can_be_a_key_is_taken(key):
    check_key(key)
