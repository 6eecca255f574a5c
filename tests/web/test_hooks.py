"""Web hooks over HTTP: signed ones act, all others are refused and change nothing."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("provider", ["ses", "sendgrid", "mailgun", "postmark"])
def test_an_unsigned_hook_is_refused(world, provider):
    answer = world.client.post(f"/hooks/{provider}", content=b'{"RecordType": "Bounce"}')
    assert (answer.status_code, answer.text) == (403, "refused\n")


def test_other_hooks_are_not_there(world):
    assert world.client.post("/hooks/nobody", content=b"{}").status_code == 404
    assert world.client.get("/hooks/ses").status_code == 405
