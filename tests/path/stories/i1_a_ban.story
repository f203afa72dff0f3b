# A ban stops later messages and later edits, and leaves what is there; its end lets new ones through
! linked A, B

> create A m1 eve "before"
< B post b1 as "eve": "before"

$ mirror ban $eve --mirror room
| banned user $eve from 'room'; copies of earlier messages stay
< nothing

> create A m2 eve "while banned"
> edit m1 "changed while banned"
< nothing

# whoever answers a banned user does not say the words again
> create A m3 bob "no" {"type": 19, "message_reference": {"message_id": "$m2", "channel_id": "$A", "guild_id": "1"}, "referenced_message": {"author": {"id": "$eve", "username": "eve"}, "content": "while banned"}}
< B post b2 as "bob": "-# ↩ [eve](https://discord.com/channels/1/$A/$m2)\nno"

# a deletion is still a deletion
> delete m1
< B delete b1

$ mirror unban $eve --mirror room
| user $eve is no longer banned from 'room'; messages written meanwhile are not sent
< nothing

> create A m4 eve "after"
< B post b3 as "eve": "after"

> edit m2 "what was said under the ban stays unsaid"
< nothing

= A: a0 mirror: "(notice)" | m2 eve: "what was said under the ban stays unsaid" | m3 bob: "no" | m4 eve: "after"
= B: b0 mirror: "(notice)" | b2 bob: "-# ↩ [eve](https://discord.com/channels/1/$A/$m2)\nno" | b3 eve: "after"
