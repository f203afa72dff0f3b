# An unfurl is an update with no edit in it: no request (facts 0.4, 1.3)
! linked A, B

> create A m1 ada "see https://example.org"
< B post b1 as "ada": "see https://example.org"

# after a create: edited_timestamp is null
> update m1 {"embeds": [{"type": "article", "url": "https://example.org", "title": "Example"}]}
< nothing

! pass 2
< nothing
> edit m1 "look: https://example.org" at 1.766195
< B edit b1: "look: https://example.org"

# after an edit: the same edit cut to milliseconds, which lies before it
> update m1 {"edited_timestamp": "2026-01-01T00:00:01.766000+00:00", "embeds": [{"type": "article", "url": "https://example.org", "title": "Example, too"}]}
< nothing

? log
= declared room
= linked $A publishes receives
= linked $B publishes receives
= created $A $m1 ada: see https://example.org
= receipt $B $m1 copy $b1 part 0 shows 0.0 s
= refreshed $A $m1 1 embeds, flags 0
= edited $A $m1 look: https://example.org
= refreshed $A $m1 1 embeds, flags 0
= receipt $B $m1 copy $b1 part 0 shows 1.7 s
= edited $A $m1 look: https://example.org
= refreshed $A $m1 1 embeds, flags 0

= A: a0 mirror: "(notice)" | m1 ada: "look: https://example.org"
= B: b0 mirror: "(notice)" | b1 ada: "look: https://example.org"
