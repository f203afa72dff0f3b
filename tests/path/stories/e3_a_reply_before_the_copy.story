# A reply to a message whose copy in that lane is not made yet: the lane is serial, so the copy is there first (DESIGN.md 12e)
! linked A, B

> create A m1 ada "ready?"
> create A m2 bob "yes" {"type": 19, "message_reference": {"message_id": "$m1", "channel_id": "$A", "guild_id": "1"}}
< B post b1 as "ada": "ready?"
< B post b2 as "bob": "-# ↩ [ada](https://discord.com/channels/1/$B/$b1): ready?\nyes"

# where the copy was refused there is none: the link goes to the original
! B: refused automod
> create A m3 ada "«bad *3»"
> create A m4 bob "what?" {"type": 19, "message_reference": {"message_id": "$m3", "channel_id": "$A", "guild_id": "1"}}
< B post - as "ada": "bad bad bad"  -> refused: automod
< B post b3 as "bob": "-# ↩ [ada](https://discord.com/channels/1/$A/$m3): bad bad bad\nwhat?"

= A: a0 mirror: "(notice)" | m1 ada: "ready?" | m2 bob: "yes" | m3 ada: "bad bad bad " | m4 bob: "what?"
= B: b0 mirror: "(notice)" | b1 ada: "ready?" | b2 bob: "-# ↩ [ada](https://discord.com/channels/1/$B/$b1): ready?\nyes" | b3 bob: "-# ↩ [ada](https://discord.com/channels/1/$A/$m3): bad bad bad\nwhat?"
