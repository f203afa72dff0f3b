# 404: a delete has succeeded, an edit finds its copy gone; neither is ever tried again (facts 1.6)
! linked A, B
! echoes stop

> create A m1 ada "one"
> create A m2 ada "two"
< B post b1 as "ada": "one"
< B post b2 as "ada": "two"

! B: missing
> delete m1
< B delete b1  -> missing

! B: missing
> edit m2 "two, changed"
< B edit b2: "two, changed"  -> missing

> edit m2 "two, changed again"
> delete m2
< nothing

= A: a0 mirror: "(notice)"
= B: b0 mirror: "(notice)" | b1 ada: "one" | b2 ada: "two"
