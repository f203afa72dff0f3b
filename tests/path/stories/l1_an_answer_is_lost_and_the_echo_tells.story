# The answer to a create is lost, and it had effect: the echo tells at once, and nothing is posted twice
! linked A, B
! B: lost, with effect

> create A m1 ada "one"
> create A m2 ada "two"
< B post b1 as "ada": "one"  -> lost: it had effect
< B post b2 as "ada": "two"

> edit m1 "one, changed"
< B edit b1: "one, changed"

= A: a0 mirror: "(notice)" | m1 ada: "one, changed" | m2 ada: "two"
= B: b0 mirror: "(notice)" | b1 ada: "one, changed" | b2 ada: "two"
