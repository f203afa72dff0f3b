# A resumed session sends again what was lost: the same events, one copy (facts 0.3, 0.5)
! linked A, B

> create A m1 ada "one"
> create A m2 ada "two"
< B post b1 as "ada": "one"
< B post b2 as "ada": "two"

> edit m1 "one, changed"
> delete m2
< B edit b1: "one, changed"
< B delete b2

! crash
< nothing
! resume
< nothing

> create A m3 ada "three"
< B post b3 as "ada": "three"

= A: a0 mirror: "(notice)" | m1 ada: "one, changed" | m3 ada: "three"
= B: b0 mirror: "(notice)" | b1 ada: "one, changed" | b3 ada: "three"
