# A reply comes before the message that it answers is known: waited for, at most two seconds (DESIGN.md 12e)
! linked A, B

! within 0.95
> create A m2 bob "yes" {"type": 19, "message_reference": {"message_id": "$m1", "channel_id": "$A", "guild_id": "1"}, "referenced_message": {"author": {"id": "7", "username": "ada"}, "content": "ready?"}}
< nothing
= B waits

# it comes within the time
> create A m1 ada "ready?"
< B post b1 as "bob": "-# ↩ [ada](https://discord.com/channels/1/$A/$m1): ready?\nyes"
< B post b2 as "ada": "ready?"

# this one never does: quoted, with a link to the source
> create A m3 bob "no" {"type": 19, "message_reference": {"message_id": "$m9", "channel_id": "$A", "guild_id": "1"}, "referenced_message": {"author": {"id": "7", "username": "ada"}, "content": "and now?"}}
< B post b3 as "bob": "-# ↩ [ada](https://discord.com/channels/1/$A/$m9): and now?\nno"  (+2.0 s)

= A: a0 mirror: "(notice)" | m1 ada: "ready?" | m2 bob: "yes" | m3 bob: "no"
= B: b0 mirror: "(notice)" | b1 bob: "-# ↩ [ada](https://discord.com/channels/1/$A/$m1): ready?\nyes" | b2 ada: "ready?" | b3 bob: "-# ↩ [ada](https://discord.com/channels/1/$A/$m9): and now?\nno"
