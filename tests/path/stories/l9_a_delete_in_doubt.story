# The answer to a delete is lost: it is asked again, and 404 is success
! linked A, B

> create A m1 ada "one"
> create A m2 ada "two"
< B post b1 as "ada": "one"
< B post b2 as "ada": "two"

! B: lost, with effect
> delete m1
< B delete b1  -> lost: it had effect
< B delete b1  -> missing  (+1.0 s)

! B: lost, no effect
> delete m2
< B delete b2  -> lost: it had no effect
< B delete b2  (+1.0 s)

= A: a0 mirror: "(notice)"
= B: b0 mirror: "(notice)"
