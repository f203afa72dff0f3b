# A linked channel is renamed, its guild is out for a while, threads are synced: kept where it is about a linked channel, no request
! linked A, B

> create A m1 ada "hello"
< B post b1 as "ada": "hello"

> raw CHANNEL_UPDATE {"id": "$A", "guild_id": "1", "type": 0, "name": "renamed"}
> raw THREAD_LIST_SYNC {"guild_id": "1", "channel_ids": ["$A"], "threads": [], "members": []}
> raw GUILD_DELETE {"id": "1", "unavailable": true}
> raw GUILD_CREATE {"id": "1", "name": "guild", "unavailable": false, "channels": []}
> raw CHANNEL_CREATE {"id": "1100000000000000888", "guild_id": "1", "type": 0, "name": "new"}
> raw GUILD_MEMBER_UPDATE {"guild_id": "1", "user": {"id": "$ada", "username": "ada"}, "nick": "countess"}
< nothing

> create A m2 ada "and now?" {"member": {"nick": "countess"}}
< B post b2 as "countess": "and now?"

? log
= declared room
= linked $A publishes receives
= linked $B publishes receives
= created $A $m1 ada: hello
= receipt $B $m1 copy $b1 part 0 shows 0.0 s
= other $A CHANNEL_UPDATE
= created $A $m2 countess: and now?
= receipt $B $m2 copy $b2 part 0 shows 0.0 s

= A: a0 mirror: "(notice)" | m1 ada: "hello" | m2 ada: "and now?"
= B: b0 mirror: "(notice)" | b1 ada: "hello" | b2 countess: "and now?"
