# 404 on a create: the channel or thread is gone; the lane is held and posts nothing until the operator says so
! linked A, B
! B: missing

> create A m1 ada "one"
< B post - as "ada": "one"  -> missing
= B is held: Discord does not know the channel or thread

> create A m2 ada "two"
< nothing

$ mirror release room $B
| the lane goes on
< B post b1 as "ada": "one"
< B post b2 as "ada": "two"

= A: a0 mirror: "(notice)" | m1 ada: "one" | m2 ada: "two"
= B: b0 mirror: "(notice)" | b1 ada: "one" | b2 ada: "two"
