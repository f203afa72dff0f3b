# All known messages of the channel are removed while an outcome is unknown: a notice is posted to have an anchor
! linked A, B

> create A m1 ada "one"
< B post b1 as "ada": "one"

> delete b0
> delete b1
< nothing

! echoes stop
! B: lost, no effect
> create A m2 ada "two"
< B post - as "ada": "two"  -> lost: it had no effect
< B notice b2  (+15.0 s)
< B post b3 as "ada": "two"  (+19.7 s)

= A: a0 mirror: "(notice)" | m1 ada: "one" | m2 ada: "two"
= B: b2 mirror: "(notice)" | b3 ada: "two"
