"""Words by which a report, its sender and an auto-reply are known, one expression a line."""

from __future__ import annotations

from typing import Final

DAEMON: Final = r"""
    mailer[-_. ]?daemon
    mail[ .]deliver
    poo?st[-_. ]?master
    delivery (?:sub)?system
    mail system
    system administrator
    no-?reply
    mail administrator
    mailsystem
    mail-daemon
    system attendant
    mail ?server
    ^\s*<>
"""
"""The names under which servers write."""

FAILED: Final = r"""
    undeliver
    not (?:be )?deliver
    returned (?:mail|to sender)
    delivery (?:status|failure|failed|report|notification|problem|error|has failed)
    failure notice
    mail (?:delivery )?(?:failed|failure|error|system error|status)
    could not (?:be )?(?:send|sent|deliver)
    couldn'?t be delivered
    returning message
    fail(?:ed|ure)
    bounce
    rejected
    non[- ]?deliver
    delivery to .{0,60}(?:failed|delayed)
    warning:\x20
    permanent error
    not reach
    unable to deliver
    wasn'?t able to deliver
    problem delivering
    (?:had|permanent|transient)(?: \S+)? (?:delivery )?(?:errors|problems)
    (?:was|has been|been|were) (?:considered|blocked|quarantined|refused|returned|bounced)
    did not receive this
    could not send
    duplicated message-id
    has not been deliver
    has been delayed|delayed mail|delivery .{0,20}delay
    blocked by (?:our|the|a)
    could not be reached
    can'?(?:no)?t be deliver
"""
"""What reports say of themselves, in the subject or at the head of the text."""

DELAY: Final = r"""
    warning
    delay(?:ed)?\b
    still being retried
"""
"""How the subject of a report says that it is not the last word."""

AUTO_REPLY_SUBJECT: Final = r"""
    auto(?:matic|mated)?[- ]?(?:reply|response|respond)
    auto:\x20
    autoreply
    out of (?:the )?office
    away (?:from|until|on|till)
    on (?:vacation|holiday|leave)
    i am (?:away|out|on)
    vacation
    acknowledg
    thank you for (?:your|contacting)
    \[?auto\]?:
"""
"""How the subject of an auto-reply begins."""

AUTO_REPLY_TEXT: Final = r"""
    out of (?:the )?office
    (?:am|be|is) (?:currently )?(?:away|on (?:vacation|holiday|annual leave|leave))
    limited access to (?:my )?e-?mail
    (?:upon|when|after|until) (?:i|my) return
    will (?:respond|reply|get back) (?:to you )?(?:when|upon|as soon|after)
    automatic(?:ally)? (?:generated )?(?:reply|response)
    auto-?(?:reply|response|responder)
    no longer (?:work|with|employed)
"""
"""What its text says."""
