# A reply whose target is deleted (referenced_message null), or not fetched (facts 1.4)
! linked A, B

> create A m1 ada "gone soon"
< B post b1 as "ada": "gone soon"

> delete m1
< B delete b1

> create A m2 bob "what did it say?" {"type": 19, "message_reference": {"message_id": "$m1", "channel_id": "$A", "guild_id": "1"}, "referenced_message": null}
< B post b2 as "bob": "-# ↩ [ada](https://discord.com/channels/1/$A/$m1)\nwhat did it say?"

! pass 100
< nothing
> create A m3 bob "and this one?" {"type": 19, "message_reference": {"message_id": "1000000000000000000", "channel_id": "$A", "guild_id": "1"}, "referenced_message": null}
< B post b3 as "bob": "-# ↩ [someone](https://discord.com/channels/1/$A/1000000000000000000)\nand this one?"

= A: a0 mirror: "(notice)" | m2 bob: "what did it say?" | m3 bob: "and this one?"
= B: b0 mirror: "(notice)" | b2 bob: "-# ↩ [ada](https://discord.com/channels/1/$A/$m1)\nwhat did it say?" | b3 bob: "-# ↩ [someone](https://discord.com/channels/1/$A/1000000000000000000)\nand this one?"
