# The node dies between two frames of a session: the resume sends the rest, and the start takes up what the log holds
! linked A, B

! B: crash before
> create A m1 ada "one"
> create A m2 bob "two"
> edit m1 "one, changed"
< B post - as "ada": "one, changed"  -> crash before its effect
< B post b1 as "ada": "one, changed"  (+18.7 s)
< B post b2 as "bob": "two"  (+18.7 s)

! echoes stop
! B: crash after
> delete m2
> create A m3 cy "three"
< B delete b2  -> crash after its effect
< B delete b2  -> missing
< B post b3 as "cy": "three"

! resume
< nothing

= A: a0 mirror: "(notice)" | m1 ada: "one, changed" | m3 cy: "three"
= B: b0 mirror: "(notice)" | b1 ada: "one, changed" | b3 cy: "three"
