# Dispatches come in any order: the newest edit counts, and a copy is never made of what is deleted (facts 0.3)
! linked A, B

> edit m1 "third" at 3
> create A m1 ada "first"
< B post b1 as "ada": "third"

> edit m1 "second" at 2
< nothing

> delete m1
< B delete b1

> edit m1 "fourth" at 4
< nothing

> create A m1 ada "first"
< nothing

= A: a0 mirror: "(notice)" | m1 ada: "first"
= B: b0 mirror: "(notice)"
