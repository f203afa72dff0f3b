# Where history cannot be read at all while an outcome is unknown, the lane is held; others go on
! linked A, B, C
! echoes stop
! B: history forbidden
! B: lost, with effect

> create A m1 ada "one"
< B post b1 as "ada": "one"  -> lost: it had effect
< C post c1 as "ada": "one"
= B is held: no access

! B: history back
$ mirror release room $B
| the lane goes on
< nothing

> create A m2 ada "two"
< B post b2 as "ada": "two"
< C post c2 as "ada": "two"

= A: a0 mirror: "(notice)" | m1 ada: "one" | m2 ada: "two"
= B: b0 mirror: "(notice)" | b1 ada: "one" | b2 ada: "two"
= C: c0 mirror: "(notice)" | c1 ada: "one" | c2 ada: "two"
