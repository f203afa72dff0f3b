# The effect comes late, but before W is over: its echo is the proof
! linked A, B
! B: late 8

> create A m1 ada "one"
> create A m2 ada "two"
< B post - as "ada": "one"  -> lost: its effect comes late
< B post b1 as "ada": "one"  (late effect)  (+8.0 s)
< B post b2 as "ada": "two"  (+8.0 s)

= A: a0 mirror: "(notice)" | m1 ada: "one" | m2 ada: "two"
= B: b0 mirror: "(notice)" | b1 ada: "one" | b2 ada: "two"
