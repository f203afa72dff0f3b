# A lane that is held at an edit and one held at a delete go on with the latest state (facts 1.6: 403)
! linked A, B

> create A m1 ada "one"
> create A m2 ada "two"
< B post b1 as "ada": "one"
< B post b2 as "ada": "two"

! B: dead 50013 missing permissions
> edit m1 "one, changed"
< B edit b1: "one, changed"  -> dead: 50013 missing permissions
= B is held: 50013 missing permissions

> edit m1 "one, changed again"
> delete m2
< nothing

! B: dead 50013 missing permissions
$ mirror release room $B
| the lane goes on
< B edit b1: "one, changed again"  -> dead: 50013 missing permissions

$ mirror release room $B
| the lane goes on
< B edit b1: "one, changed again"
< B delete b2

= A: a0 mirror: "(notice)" | m1 ada: "one, changed again"
= B: b0 mirror: "(notice)" | b1 ada: "one, changed again"
