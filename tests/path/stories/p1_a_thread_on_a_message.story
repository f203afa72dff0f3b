# A thread on a message is a thread on each of its copies; what is said in it is said there, and the starter once
! linked A, B, C

> create A s ada "shall we?"
< B post b1 as "ada": "shall we?"
< C post c1 as "ada": "shall we?"

> thread s in A "plans" ada
< B thread on b1: open "plans"
< C thread on c1: open "plans"

> raw MESSAGE_CREATE {"id": "$starter", "channel_id": "$s", "guild_id": "1", "type": 21, "content": "", "author": {"id": "$ada", "username": "ada"}, "message_reference": {"channel_id": "$A", "message_id": "$s"}}
< nothing

> create s m1 bob "on friday"
< B post b1x0 in b1 as "bob": "on friday"
< C post c1x0 in c1 as "bob": "on friday"

> edit m1 "on saturday"
< B edit b1x0 in b1: "on saturday"
< C edit c1x0 in c1: "on saturday"

> create s m2 ada "yes" {"type": 19, "message_reference": {"channel_id": "$s", "message_id": "$m1", "guild_id": "1"}}
< B post b1x1 in b1 as "ada": "-# ↩ [bob](https://discord.com/channels/1/$b1/$b1x0): on saturday\nyes"
< C post c1x1 in c1 as "ada": "-# ↩ [bob](https://discord.com/channels/1/$c1/$c1x0): on saturday\nyes"

> create A m3 bob "beside it"
< B post b2 as "bob": "beside it"
< C post c2 as "bob": "beside it"

> delete m1 in s
< B delete b1x0 in b1
< C delete c1x0 in c1

= A: a0 mirror: "(notice)" | s ada: "shall we?" | m3 bob: "beside it"
= B: b0 mirror: "(notice)" | b1 ada: "shall we?" | b2 bob: "beside it"
= C: c0 mirror: "(notice)" | c1 ada: "shall we?" | c2 bob: "beside it"
= b1: ("plans" of B) | b1x1 ada: "-# ↩ [bob](https://discord.com/channels/1/$b1/$b1x0): on saturday\nyes"
= c1: ("plans" of C) | c1x1 ada: "-# ↩ [bob](https://discord.com/channels/1/$c1/$c1x0): on saturday\nyes"
= s: ("plans" of A) | starter ada: "" | m2 ada: "yes"
