# `ban --purge` removes the copies of what was said before, in every channel; unban does not bring them back
! linked A, B, C

> create A m1 eve "one"
> create B m2 eve "two"
> create A m3 ada "not mine"
< A post a1 as "eve": "two"
< B post b1 as "eve": "one"
< B post b2 as "ada": "not mine"
< C post c1 as "eve": "one"
< C post c2 as "eve": "two"
< C post c3 as "ada": "not mine"

$ mirror ban $eve --mirror room --purge
| banned user $eve from 'room'; copies of earlier messages are removed
< A delete a1
< B delete b1
< C delete c1
< C delete c2

$ mirror unban $eve --mirror room
| user $eve is no longer banned from 'room'; messages written meanwhile are not sent
< nothing

> create A m4 eve "after"
> edit m1 "one, changed"
< B post b3 as "eve": "after"
< C post c4 as "eve": "after"

= A: a0 mirror: "(notice)" | m1 eve: "one, changed" | m3 ada: "not mine" | m4 eve: "after"
= B: b0 mirror: "(notice)" | m2 eve: "two" | b2 ada: "not mine" | b3 eve: "after"
= C: c0 mirror: "(notice)" | c3 ada: "not mine" | c4 eve: "after"
