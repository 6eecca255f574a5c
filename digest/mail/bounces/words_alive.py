"""Words by which servers say that a letter was not taken, and the address may live.

One regular expression a line, without regard to case; WHO stands for any word for a recipient. They
are the words of the servers' own sources and documentation (Postfix, Exim, Sendmail, qmail,
Courier, OpenSMTPD, Exchange, Domino, Gmail, Outlook, Yahoo and others).
"""

from __future__ import annotations

from typing import Final

from digest.domain.inbound import Reason

MILD: Final[tuple[tuple[Reason, str], ...]] = (
    (Reason.AUTHENTICATION, r"""
        \bdmarc\b
        \bspf\b
        \bdkim\b
        unauthenticated (?:e-?mail|senders?|mail)
        authentication (?:checks? failed|required|failed)
        sender policy framework
        not pass (?:the )?authentication
        does not pass .{0,30}verification
        sender id \(?pra
        multiple authentication checks
    """),
    (Reason.MAILBOX_FULL, r"""
        mail ?(?:box|folder|drop)(?: size)?(?: is| for \S+ is)? (?:too )?full
        over ?quota
        quota (?:has been |is |was )?(?:exceed|reached|full)
        exceed\w* (?:\w+ ){0,4}quota
        mailbox(?: for \S+)? (?:has )?exceed
        insufficient (?:system )?(?:storage|disk) ?(?:space)? (?:for|in)\b
        out of (?:storage|disk) space
        disk quota
        quota exceeded
        too much mail data
        maildir (?:delivery failed|over)
        mailbox .{0,24}limit
        not enough (?:storage )?space
        user has too many messages
        account is full
        inbox is full
        storage full
        no (?:more )?(?:space|room) (?:left )?in (?:\w+ )?mailbox
        is full\b.{0,20}mailbox
        recipient storage
        full mailbox
        has reached .{0,30}(?:storage|mailbox)
        mailfolder is full
        over the maximum allowed (?:mailbox|quota)
        user'?s? mail ?box is full
        exceeded (?:\w+ ){0,3}storage
        the user you are trying to contact .{0,60}quota
        over its (?:disk )?(?:quota|limit)
        insufficient quota
        not able to receive .{0,30}too full
    """),
    (Reason.TOO_BIG, r"""
        message (?:size|length) (?:exceed|too|limit)
        (?:message|mail|letter) (?:is |was )?too (?:big|large|long)
        exceeds? (?:\w+ ){0,4}(?:message )?size
        line limit exceeded
        size limit
        max(?:imum)? message size
        message file too big
        too big for
        message length exceeds
        line too long
        maximum line length
    """),
    (Reason.TOO_MANY, r"""
        rate limit
        at a rate that
        too many (?:messages|connections|mails|recipients|concurrent|sessions|errors|emails|smtp)
        connection rate
        sending rate
        max(?:imum)? (?:number of )?(?:connections|recipients)
        (?:daily|hourly|relay|sending) quota
        throttl
        receiving mail (?:too quickly|at a rate)
        exceeded the (?:max|rate|number)
        connection limit
        frequency (?:is )?limit
        too many (?:invalid|unknown|bad|wrong)
        mail quota exceeded
        too fast
        too much mail
        concurrent
    """),
    (Reason.FILTERED, r"""
        recipient preferences
        (?:recipient|user)(?:'s)? (?:filter|settings|block)
        not a (?:registered )?member
        not a (?:known |registered )?subscriber|only (?:subscribers|members)
        (?:in|on) (?:our|my|the|his) (?:white|allow) ?list
        domain filter
        suppression list because of (?:a )?complaint
        rejected by (?:the )?(?:recipient|user)\b(?! (?:domain|mail|server))
        (?:550|reply):? +: *user unknown
    """),
    (Reason.SPAM, r"""
        \bspam\b(?!haus)
        spam[- ]?(?:detected|content|score|message|like)
        unsolicited
        \bjunk mail
        bulk mail
        looks like spam
        considered (?:spam|junk)
        score[ds]? as spam
        high probability of spam
    """),
    (Reason.POLICY, r"""
        \bvirus
        malware
        malicious
        infected
        phish
        potential(?:ly)? (?:security|executable)
        policy (?:violation|reasons?|restrictions?)
        (?:local|administrative|security|site|message|by) policy
        content (?:rejected|filter|blocked|not)
        (?:banned|blocked|dangerous|forbidden|prohibited|bad|invalid|suspicious) attachment
        attachments? .{0,40}(?:not|block|reject|prohibit|forbid|virus|remov)
        not (?:accept|allow|permit)\w* .{0,30}attachment
        blocked because its content
        header error
        protocol violation
        duplicate header
        virus scan
        not RFC ?\d+ compliant
        \brfc ?\d{3,4}\b(?! ?;)
        media error
        denied by policy
        message content
        administrative prohibition
        transaction failed
        (?:in|of) (?:the )?(?:from|to|reply-to|date|subject|message)?:? ?header
        (?:invalid|bad|missing|an? .{1,30}) header\b
        in (?:the )?(?:message|mail) body|\b(?:url|link)s? (?:host|domain|in)\b
        malformed (?:message|header|mail|mime|address|content|from|date)
        policy
        relay(?:ing)? (?:access )?(?:denied|not|prohibited)
        not (?:configured to|permitted to|allowed to) relay
        no relaying|unable to relay|cannot relay
        relay not
        not verified
    """),
    (Reason.BLOCKED, r"""
        black ?list
        block ?list
        denylist
        blocked (?:by|for|using|because|due)
        \brbl\b
        \bdnsbl\b
        https?://\S*(?:\bip|query|lookup|bl)[/=?]\S*\d+\.\d+\.\d+\.\d+
        spamhaus
        spamcop
        reverse dns
        \bptr\b
        \brdns\b
        banned
        reputation
        access (?:from|forbidden)
        bad dns
        ip (?:address )?(?:is |was |has been )?(?:blocked|listed|rejected|not allowed|banned)
        refused to talk
        dynamic ip|dynamic/residential
        unverifiable sending
        server access \S+ forbidden
        connection (?:refused|rejected|dropped)
        connections not accepted
        not authori[sz]ed to (?:send|connect)
        invalid ip for sending
        helo (?:command )?reject
        my name was rejected
        client host rejected
        mail server .{0,30}(?:rejected|refused)
        unexpected volume or user complaints
        temporarily deferred
        your (?:ip|server|host)
        unsupported mail destination
        go away
        \bforger|(?:due to|for|because of) (?:\w+ )?abuse
        no smtp service here
        poor reputation
    """),
    (Reason.SUSPENDED, r"""
        WHO (?:\S+ )?(?:is |has been |was )?(?:currently )?(?:disabled|suspended|inactive)
        WHO (?:\S+ )?(?:is |has been |was )?(?:currently )?(?:locked|deactivated|frozen)
        WHO (?:\S+ )?(?:is |was )?not active
        disabled (?:recipient|account|user|mailbox)
        account disabled
        inactive (?:account|user|mailbox|recipient)
        user (?:is )?(?:not active|suspended)
        suspended (?:account|user)
        at (?:the|this) moment|for maintenance|because of maintenance|temporarily not
        temporarily (?:disabled|unavailable|inactive)
        vdelivermail: account is locked
        is inactive
        mailbox (?:is )?(?:currently )?(?:frozen|inactive|disabled)
        not active anymore
        temporarily locked
        has been (?:disabled|suspended)
        on hold
        (?:account|user|mailbox|recipient|address) .{0,40}is (?:disabled|suspended|inactive)
        boite du destinataire archivee
        archived
    """),
)  # fmt: skip
"""Reasons said in words of their own."""

REST: Final[tuple[tuple[Reason, str], ...]] = (
    (Reason.EXPIRED, r"""
        timed? ?out
        time-?out
        too long
        expired
        retry
        retries
        giving up
        not (?:yet )?been delivered
        could not be delivered (?:for|within|in)
        failing for a long time
        connection (?:timed|attempt)
        undelivered after
        delivery (?:time|attempts)
        not delivered within
        not respond
        not reachable
        last \d+ (?:seconds|hours|days)
        queue
    """),
    (Reason.NETWORK, r"""
        name server
        lost connection
        connection (?:reset|closed|lost)
        network
        (?:no route|unreachable)
        routing loop
        mail loop|too many hops|loops? back
        \bmx\b(?![.\d-])
        \bdns\b(?![.\d-])
        tls
        try again
    """),
    (Reason.BLOCKED, r"""
        service (?:currently )?(?:not available|unavailable)
        access denied
        blocked
        not permitted
        forbidden
        refused
        denied
    """),
    (Reason.FILTERED, r"""
        rejected
        filter
        sender
        not accepted
        not a member
        permission
    """),
    (Reason.SYSTEM, r"""
        system (?:error|failure|config)
        (?:disk|file ?system)
        internal
        i/o error
        local error
        software error
        command
        lock fail
        can'?t (?:create|open)
        ldap
        configuration
        pipe to
        temporar
        service
    """),
)  # fmt: skip
"""Trouble on the way, and objections in general words: asked last."""

ABOUT_SENDER: Final = r"""
    sender(?:'s)? (?:address(?!:)|domain|verif|reject|denied|not|unknown|id\b)
    sender \S+ (?:was |is )?(?:rejected|does|not)
    domain of (?:the )?sender
    envelope sender
    sender (?:domain )?.{0,60}(?:does not exist|not found|unroute|not exist)
    unroute?able sender
    from (?:domain|address)
    domain is invalid
    sender was rejected
    return(?:ing)? path
    verify (?:the )?(?:address of the )?sender
    sender verif
    (?:invalid|unauthori[sz]ed|unknown|bad) sender
    helo
    sending (?:domain|ip|mta|server)
    backscatter
"""
"""The server objects to the sender: words about a domain that does not exist are about ours."""

ABOUT_US: Final = r"""
    (?:sending|client|connecting|calling) (?:domain|ip|mta|server|host)
    \byour (?:domain|ip|address|e-?mail address|host|server|mx|sender|reverse)\b
    reverse (?:lookup|dns|name|host)
    connections? from
    sender(?:'s)? (?:is|was|host|name|ip)|valid sender
    \b(?:mx|a) records? (?:of|for) (?:your|the sender)
"""
"""The same, in words that mean it only in a server's own reply, not in the text around it."""
