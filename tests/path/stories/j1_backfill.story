# A new channel receives the history from the log alone: final forms, in order, deleted ones never; the source is gone meanwhile
! linked A, B

> create A m1 ada "one"
> create B m2 bob "two"
> create A m3 cy "three"
> create A m4 cy "four" {"type": 19, "message_reference": {"message_id": "$m1", "channel_id": "$A", "guild_id": "1"}}
< A post a1 as "bob": "two"
< B post b1 as "ada": "one"
< B post b2 as "cy": "three"
< B post b3 as "cy": "-# ↩ [ada](https://discord.com/channels/1/$B/$b1): one\nfour"

> edit m1 "one, changed"
> delete m3
< B edit b1: "one, changed"
< B delete b2

> raw CHANNEL_DELETE {"id": "$A", "guild_id": "1", "type": 0}
< nothing

$ mirror link room $C --backfill
| linked channel $C to 'room': publishes and receives, from the beginning of the mirror's history
< C notice c0
< C post c1 as "ada": "one, changed"
< C post c2 as "bob": "two"
< C post c3 as "cy": "-# ↩ [ada](https://discord.com/channels/1/$C/$c1): one, changed\nfour"

> create B m5 bob "five"
< C post c4 as "bob": "five"

= A: a0 mirror: "(notice)" | m1 ada: "one, changed" | m4 cy: "four" | a1 bob: "two"
= B: b0 mirror: "(notice)" | m2 bob: "two" | b1 ada: "one, changed" | b3 cy: "-# ↩ [ada](https://discord.com/channels/1/$B/$b1): one\nfour" | m5 bob: "five"
= C: c0 mirror: "(notice)" | c1 ada: "one, changed" | c2 bob: "two" | c3 cy: "-# ↩ [ada](https://discord.com/channels/1/$C/$c1): one, changed\nfour" | c4 bob: "five"
