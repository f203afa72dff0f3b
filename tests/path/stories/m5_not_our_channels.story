# What happens in channels that are not linked is not looked at, nor is what has no channel
! linked A, B

> create X m1 ada "elsewhere"
> delete m1
> raw CHANNEL_DELETE {"id": "$X", "guild_id": "1", "type": 0}
> raw MESSAGE_DELETE_BULK {"ids": ["5"], "channel_id": "$X"}
> raw GUILD_DELETE {"id": "1", "unavailable": true}
> raw READY {"v": 10, "session_id": "secret", "user": {"id": "900000000000000001"}}
> raw RESUMED {}
< nothing

? log
= declared room
= linked $A publishes receives
= linked $B publishes receives

= A: a0 mirror: "(notice)"
= B: b0 mirror: "(notice)"
= X:
