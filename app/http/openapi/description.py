"""What the API document says of the whole: the story, and its chapters in their order."""

TAGS = [
    {"name": name, "description": text}
    for name, text in (
        ("connections", "Consent, the sign-in at Meta, the ad account and the audience."),
        ("segments", "Sets of members, and where they are read from or how they are pushed."),
        ("identifiers", "What becomes of one member's values before they are hashed."),
        ("exports", "Which segments go to which connection, with which keys, in which mode."),
        ("runs", "The work itself: asked for, followed, canceled, and its record."),
        ("schedules", "When exports run of themselves."),
        ("configuration", "Everything that is set up, as one document."),
        ("webhooks", "Who is told of what happens."),
        ("events", "The bodies that webhooks receive."),
        ("erasures", "People who are to be forgotten."),
        ("access", "Keys, sessions and the audit trail."),
        ("problems", "What each code means, and what to do."),
        ("operations", "Is it alive, is it ready, what does it do."),
    )
]
"""The tags of the document, in the order of the story."""
DESCRIPTION = """\
A run reads the members of segments, hashes their identifiers and puts them into a custom audience of Meta.
The story: a **connection** to an ad account and its audience, a **segment** of members, an **export** of the
segment to the connection, and **runs** of the export.

Send an API key as `Authorization: Bearer …`. Every answer that is no success is an `application/problem+json`
document whose `code` is explained under its `type`. Lists answer `items` and `next_cursor`; unknown query
parameters are refused, and so are parameters and headers that stand twice where once is meant. A POST that
lists `Idempotency-Key` can be repeated safely, an operation that lists `If-Match` refuses to overwrite what
somebody else changed; elsewhere both headers are ignored. A GET with `If-None-Match` answers 304 while the
answer is the same, and HEAD works wherever GET does.
"""
