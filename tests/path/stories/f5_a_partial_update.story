# An update of only {id, channel_id, embeds}, as before 2024: read leniently, and no request (facts 0.2, I#1669)
! linked A, B

> create A m1 ada "https://example.org"
< B post b1 as "ada": "https://example.org"

> raw MESSAGE_UPDATE {"id": "$m1", "channel_id": "$A", "guild_id": "1", "embeds": [{"type": "link", "url": "https://example.org"}]}
< nothing

# one of a message that nobody knows
> raw MESSAGE_UPDATE {"id": "$m7", "channel_id": "$A", "embeds": []}
< nothing

# a partial update may be an edit too
> raw MESSAGE_UPDATE {"id": "$m1", "channel_id": "$A", "content": "see there", "edited_timestamp": "2026-01-01T00:00:05.000000+00:00"}
< B edit b1: "see there"

? log
= declared room
= linked $A publishes receives
= linked $B publishes receives
= created $A $m1 ada: https://example.org
= receipt $B $m1 copy $b1 part 0 shows 0.0 s
= refreshed $A $m1 1 embeds, flags 0
= refreshed $A $m7 0 embeds, flags 0
= edited $A $m1 see there
= refreshed $A $m1 0 embeds, flags 0
= receipt $B $m1 copy $b1 part 0 shows 5.0 s

= A: a0 mirror: "(notice)" | m1 ada: "see there"
= B: b0 mirror: "(notice)" | b1 ada: "see there"
