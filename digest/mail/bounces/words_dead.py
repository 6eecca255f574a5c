"""Words by which servers say that an address is dead.

One regular expression a line, without regard to case; WHO stands for any word for a recipient. They
are the words of the servers' own sources and documentation (Postfix, Exim, Sendmail, qmail,
Courier, OpenSMTPD, Exchange, Domino, Gmail, Outlook, Yahoo and others).
"""

from __future__ import annotations

from typing import Final

from digest.domain.inbound import Reason

DEAD_WORDS: Final[tuple[tuple[Reason, str], ...]] = (
    (Reason.MOVED, r"""
        has moved to
        address (?:has )?(?:been )?(?:changed|replaced by)
        (?:user|recipient) has moved
        has been replaced by
        no longer at this address.{0,40}(?:new|use)
        new address is
        moved to (?:another|a new)
        please (?:use|try) the new address
        is no longer active.{0,60}please use
    """),
    (Reason.NO_MAIL, r"""
        does not accept (?:e-?)?mails?\b(?! (?!for\b|at\b|here\b|any|\()\S)
        not accept(?:ing)? (?:network |any )?(?:messages|e-?mail)\b(?! (?!for\b|at\b|here|any|\()\S)
        null ?mx
        null mx
        \bno\b.{0,12}\bmx\b.{0,12}(?:found|for\b)
        couldn'?t find a mail exchanger
        domain .{0,60}(?:not|never) (?:accept|receive)s? (?:any )?(?:e-?)?mail
        no longer accepts? (?:e-?)?mail
        system (?:does )?not accept(?:ing)? network
        name server: \.: host not found
        smtp service is not available for this domain
        domain (?:\S+ )?is not (?:hosted|served|handled)
        no mail (?:accepted|exchanger)
        indicated no smtp service
    """),
    (Reason.HOST_UNKNOWN, r"""
        host unknown
        unknown (?:mail )?host
        (?:host|domain)(?: name| or domain name)? (?:was )?not found(?!,? (?:try|retry))
        no such (?:domain|host)
        (?:recipient )?domain (?:name )?(?:\S+ )?(?:does not|doesn'?t) exist
        name or service not known
        nxdomain
        non-?existent (?:domain|host|hosts)
        couldn'?t find any host
        recipient domain must exist
        bad destination (?:host|system)
        invalid (?:recipient )?domain
        unknown (?:recipient )?domain
        unrouteable (?:mail )?(?:address|domain)
        unroutable (?:address|domain)
        illegal host/domain
        host or domain name not found
        domain is (?:un)?(?:invalid|unknown|expired)
        no route to (?:the )?domain
        mail domain .{0,40}(?:not|un)(?: |known)
        does not resolve
        no such host
        domain name .{0,30}not exist
        dns (?:domain|type).{0,40}does not exist
        domain.{0,20}couldn'?t be found
        address lookup failed
        dns lookup failure
        domain is not reachable
        domain (?:\S+ )?(?:has|is) expired
    """),
    (Reason.USER_UNKNOWN, r"""
        unknown local-part
        destination address(?:es)? (?:is|are|was|were) unknown
        user (?:is )?(?:\S+@\S+ )?(?:is )?unknown
        unknown (?:or illegal )?(?:local )?(?:user|recipient|alias|account|address|mailbox)
        unknown local-part
        (?:recipient|address|mailbox|account|user|addressee) (?:is )?(?:unknown|not known)
        no such (?:user|recipient|mailbox|address|person|account|local|alias|e-?mail)
        WHO(?: name)?(?: \S+| you entered| specified)? (?:does not|doesn'?t) exist
        WHO that you tried to reach does not exist
        (?:does not|doesn'?t) (?:have|exist).{0,40}(?:account|here|system|domain|server|mailbox)
        no (?:mailbox|user|account|one) (?:here )?(?:by|with|of) (?:that|this) (?:name|address)
        no mailbox (?:here|found|currently|for)
        WHO(?: \S+)?(?: was| could| is| has)? not (?:be )?(?:found|listed|recogni[sz]ed|located)
        WHO(?: \S+)?(?: was| is)? not (?:valid|registered|known|on file|exist)
        WHO(?: \S+)? (?:couldn'?t|cannot) be (?:found|located)
        invalid (?:final delivery )?(?:recipient|user|mailbox|address|e-?mail|to address|local)
        WHO(?: \S+)? (?:is |was )?(?:invalid|possibly incorrect|incorrect)
        bad[ _](?:recipient|destination (?:mailbox )?(?:e-?mail )?address|address|destination)
        not (?:a |an )?(?:known|valid|existing|local|our) (?:WHO|e-?mail|customer|local)
        is not a (?:valid|known|local)
        not (?:one of )?our (?:customer|user|account)s?
        not know (?:this|that|any) WHO
        has left (?:the|our) (?:company|organi[sz]ation|firm|school|university)
        WHO (?:is )?not (?:in|on) (?:the|our|this|that) (?:directory|system|server|domain|list)
        WHO (?:is )?not in directory
        not a (?:user|mailbox|recipient|customer) here
        recipient name is not recogni[sz]ed
        not listed in (?:the )?(?:domino|public|local)
        WHO (?:\S+ )?(?:has been |was |is )?(?:deleted|closed|cancell?ed|terminated|removed|expired)
        WHO (?:\S+ )?(?:has been |was |is )?(?:discontinued|deprovisioned)
        no longer (?:valid|exists?|available|with|works|employed|in use|here|a user)
        no longer on (?:this )?server
        undeliverable address
        no valid recipients
        recipient address rejected: access denied
        not exist(?:ent|ing)? (?:user|mailbox|recipient|account)
        non-?exist(?:ent|ing) (?:user|mailbox|recipient|account|address|e-?mail)
        cannot find (?:your )?(?:user|recipient|mailbox|address)
        couldn'?t (?:be found|find (?:the )?(?:user|recipient|mailbox))
        mailbox (?:is )?(?:unavailable|not available|not exist|name not allowed)
        does not exist\b
        do(?:es|s)?n'?t exist\b
        there is no (?:one|such|user)
        illegal (?:user|alias|recipient)
        resolver\.adr\.\w*notfound
        recipient not (?:found|exist)
        recipnotfound
        unable to (?:find|locate) (?:recipient|user)
        user_?unknown
        wasn'?t found (?:at|in)
        this user doesn'?t have
        doesn'?t have an? \S+ account
        delivery error: dd
        not our user
        no account by that name
        address rejected: undeliverable
        unable to deliver to .{0,60}user
        is unknown to
        address you (?:entered|sent)
        not known here
        no mail[ -]?box
        account not available
        5\.1\.0 address rejected
        RCPT .{0,60}not ok\b
        not found in .{0,20}directory
        not in our (?:directory|system|database)
        not (?:a )?deliverable
        unrecogni[sz]ed o/r name
        no user by that name
        WHO (?:is )?not local
        WHO unrecogni[sz]ed|unrecogni[sz]ed WHO
        unresolvable WHO
        recipient unknown
        is not known
    """),
)  # fmt: skip
"""Nothing will reach the address."""

DIRECTORY: Final = r"""
    recipient name is not recogni[sz]ed
    not listed in
    address not found
    address couldn'?t be found
    unknown user: ?(?:"|[<']?\S+@)
    unknown local-part
    destination address(?:es)? (?:is|are|was|were) unknown
    リストにありません
    見つかりません
    nicht im .{0,30}verzeichnis
    no se encuentra en
    no valid recipients
    \(user not found\)
    following addresses had delivery problems -+\s+<?\S+@\S+ +\(unrecoverable error\)
    unknown user account
    (?:unknown|not (?:known|found)) at this site
    not found in .{0,20}directory
    unrecogni[sz]ed o/r name
    doesn't exist here
    delivery error: dd
    bad-mailbox
    no mailbox here by that name
    <[^<>\s]+@[^<>\s]+>: ?user unknown
    resolver\.adr
    user unknown in \w+ (?:recipient|mailbox|alias) table
"""
"""The words of a directory, or of one SMTP command only: nothing but the address can be meant."""
