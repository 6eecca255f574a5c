"""Bounces, complaints and auto-replies: from bytes to `domain.inbound`.

What knows what: `mime` takes a message apart, `report` finds its human text, its machine part and
the letter that came back, `prose` reads free text, `phrases` and `status` say what the words and
codes of servers mean, `replies` tells auto-replies, `judge` weighs the witnesses.
"""

from digest.mail.bounces.judge import read

__all__ = ["read"]
