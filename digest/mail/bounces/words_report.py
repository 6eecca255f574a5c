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
    non remis
    unzustellbar
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
    had delivery errors
    did not receive this
    could not send
    duplicated message-id
    送信できません
    送信に失敗
"""
"""What reports say of themselves, in the subject or at the head of the text."""

AUTO_REPLY_SUBJECT: Final = r"""
    auto(?:matic|matische|mated)?[- ]?(?:reply|response|respond|antwort|r[ée]ponse)
    auto:\x20
    autoreply
    automatisch antwoord
    out of (?:the )?office
    away (?:from|until|on|till)
    on (?:vacation|holiday|leave)
    i am (?:away|out|on)
    vacation
    r[ée]ponse automatique
    absence
    abwesenheit
    abwesend
    ich bin (?:nicht|bis)
    respuesta autom
    fuera de (?:la )?oficina
    risposta automatica
    assente
    resposta autom
    afwezig
    automatiskt
    fr[åa]nvaro
    autosvar
    自動(?:応答|返信)
    不在
    автоответ
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
    nicht im b(?:ü|ue)ro
    absent(?:e)? du bureau
    no longer (?:work|with|employed)
"""
"""What its text says."""
