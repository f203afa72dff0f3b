# A bulk delete names sources and copies alike: the copies of the sources go, what was a copy stays gone (facts 1.3)
! linked A, B

> create A m1 ada "one"
> create A m2 bob "two"
> create A m3 cy "three"
> create A m4 cy "four"
< B post b1 as "ada": "one"
< B post b2 as "bob": "two"
< B post b3 as "cy": "three"
< B post b4 as "cy": "four"

> bulk m1 m3 m9
< B delete b1
< B delete b3

# a moderator sweeps B
> bulk b2 b4
< nothing

> edit m2 "two, changed"
> delete m4
< nothing

= A: a0 mirror: "(notice)" | m2 bob: "two, changed"
= B: b0 mirror: "(notice)"
