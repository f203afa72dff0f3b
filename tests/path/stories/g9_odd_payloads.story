# A payload of wrong types is put aside, and the next one is taken; odd decoration is not looked at (facts 0.2)
! linked A, B

> raw MESSAGE_CREATE {"id": "$m1", "channel_id": "$A", "author": "ada", "content": "one"}
> raw MESSAGE_CREATE {"id": "$m2", "channel_id": "$A", "content": "nobody"}
> raw MESSAGE_CREATE {"id": {}, "channel_id": "$A"}
> raw MESSAGE_DELETE {"channel_id": "$A", "guild_id": "1"}
> text {"op": 0, "t": "MESSAGE_CREATE", "s": 6, "d": [1, 2]}
> text {"op": 0, "t": "MESSAGE_CRE
> text {"op": 11}
> create A m3 ada "taken" {"attachments": {"0": 1}, "flags": "many", "mentions": [7, {"id": "8", "username": "bob"}], "embeds": "none"}
< B post b1 as "ada": "taken"
= put aside: an odd payload: data error at line 1 column 15 (MESSAGE_CREATE, 134 bytes)
= put aside: an odd payload: a new message has no author (MESSAGE_CREATE, 122 bytes)
= put aside: an odd payload: data error at line 1 column 44 (MESSAGE_CREATE, 84 bytes)
= put aside: an odd payload: a deletion names no message (MESSAGE_DELETE, 91 bytes)
= put aside: an odd payload: an array in place of an object (?, 53 bytes)
= put aside: an odd payload: eof error at line 1 column 27 (?, 27 bytes)

> edit m3 "still taken" {"edited_timestamp": "noon"}
< nothing
= put aside: an odd payload: edited_timestamp is no time (MESSAGE_UPDATE, 480 bytes)

> edit m3 "and this" at 9
< B edit b1: "and this"

= A: a0 mirror: "(notice)" | m1 : "one" | m2 : "nobody" | m3 ada: "and this"
= B: b0 mirror: "(notice)" | b1 ada: "and this"
