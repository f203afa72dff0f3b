# A thread that was started without a message stands on a message that says so
! linked A, B

> raw THREAD_CREATE {"id": "$t", "parent_id": "$A", "guild_id": "1", "type": 11, "name": "plans", "owner_id": "$ada", "newly_created": true}
> create A said ada "plans" {"type": 18, "message_reference": {"channel_id": "$t", "guild_id": "1"}}
< B post b1 as "ada": "-# 🧵 started a thread: **plans**"
< B thread on b1: open "plans"

> create t m1 bob "on friday"
< B post b1x0 in b1 as "bob": "on friday"

= A: a0 mirror: "(notice)" | said ada: "plans"
= B: b0 mirror: "(notice)" | b1 ada: "-# 🧵 started a thread: **plans**"
= b1: ("plans" of B) | b1x0 bob: "on friday"
= t: ("plans" of A) | m1 bob: "on friday"
