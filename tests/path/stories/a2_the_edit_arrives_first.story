# The edit of a message arrives before the message itself: it is sent once, in its last form (DESIGN.md 12a)
! linked A, B

# nobody knows yet who wrote it
> edit m1 "second" at 0.9 {"author": null, "attachments": null}
< nothing

> create A m1 ada "first"
< B post b1 as "ada": "second"

# the same edit once more is no news
> update m1 {"content": "second", "edited_timestamp": "2026-01-01T00:00:00.900000+00:00"}
< nothing

= A: a0 mirror: "(notice)" | m1 ada: "second"
= B: b0 mirror: "(notice)" | b1 ada: "second"
