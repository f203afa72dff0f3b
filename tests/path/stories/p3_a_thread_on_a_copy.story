# People open a thread on a copy: the original gets one as well, and the other copies
! linked A, B, C

> create A s ada "shall we?"
< B post b1 as "ada": "shall we?"
< C post c1 as "ada": "shall we?"

> thread b1 in B "plans" bob
< A thread on s: open "plans"
< C thread on c1: open "plans"

> create b1 m1 bob "on friday"
< A post sx0 in s as "bob": "on friday"
< C post c1x0 in c1 as "bob": "on friday"

> create s m2 ada "no, on saturday"
< B post b1x0 in b1 as "ada": "no, on saturday"
< C post c1x1 in c1 as "ada": "no, on saturday"

> raw THREAD_UPDATE {"id": "$b1", "parent_id": "$B", "guild_id": "1", "type": 11, "name": "the plan", "owner_id": "$bob"}
< A thread on s: show "the plan"
< C thread on c1: show "the plan"

> delete m1 in b1
< A delete sx0 in s
< C delete c1x0 in c1

= A: a0 mirror: "(notice)" | s ada: "shall we?"
= B: b0 mirror: "(notice)" | b1 ada: "shall we?"
= C: c0 mirror: "(notice)" | c1 ada: "shall we?"
= b1: ("the plan" of B) | b1x0 ada: "no, on saturday"
= c1: ("the plan" of C) | c1x1 ada: "no, on saturday"
= s: ("the plan" of A) | m2 ada: "no, on saturday"
