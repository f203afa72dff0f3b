# A webhook that Discord does not know (10015) is asked once, then its lane is held with the reason; others go on (facts 1.6)
! linked A, B, C
! B: dead 10015 unknown webhook

> create A m1 ada "one"
< B post - as "ada": "one"  -> dead: 10015 unknown webhook
< C post c1 as "ada": "one"
= B is held: 10015 unknown webhook

> create A m2 ada "two"
> edit m1 "one, changed"
< C post c2 as "ada": "two"
< C edit c1: "one, changed"

! crash
< nothing

$ mirror release room $B
| the lane goes on
< B post b1 as "ada": "one, changed"
< B post b2 as "ada": "two"

> create A m3 ada "three"
< B post b3 as "ada": "three"
< C post c3 as "ada": "three"

= A: a0 mirror: "(notice)" | m1 ada: "one, changed" | m2 ada: "two" | m3 ada: "three"
= B: b0 mirror: "(notice)" | b1 ada: "one, changed" | b2 ada: "two" | b3 ada: "three"
= C: c0 mirror: "(notice)" | c1 ada: "one, changed" | c2 ada: "two" | c3 ada: "three"
