# Pins, suppressed embeds, threads started and crossposts are updates without an edit: no request (facts 1.3, I#1252)
! linked A, B

> create A m1 ada "hello"
< B post b1 as "ada": "hello"

> update m1 {"pinned": true}
< nothing

> update m1 {"pinned": true, "flags": 4}
< nothing

> update m1 {"pinned": true, "flags": 36}
< nothing

> raw CHANNEL_PINS_UPDATE {"channel_id": "$A", "guild_id": "1", "last_pin_timestamp": "2026-01-01T00:00:00.000000+00:00"}
< nothing

? log
= declared room
= linked $A publishes receives
= linked $B publishes receives
= created $A $m1 ada: hello
= receipt $B $m1 copy $b1 part 0 shows 0.0 s
= refreshed $A $m1 0 embeds, flags 0, pinned
= refreshed $A $m1 0 embeds, flags 4, pinned
= refreshed $A $m1 0 embeds, flags 36, pinned
= other $A CHANNEL_PINS_UPDATE

= A: a0 mirror: "(notice)" | m1 ada: "hello"
= B: b0 mirror: "(notice)" | b1 ada: "hello"
