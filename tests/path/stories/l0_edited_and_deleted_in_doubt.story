# What is edited or deleted while the outcome of its create is unknown is settled first, then brought up to date
! linked A, B
! B: late 8

! within 2
> create A m1 ada "one"
< B post - as "ada": "one"  -> lost: its effect comes late
= B waits: the outcome of a request is unknown: waiting until no late effect can come

> edit m1 "one, changed" at 3
< B post b1 as "ada": "one"  (late effect)  (+5.9 s)
< B edit b1: "one, changed"  (+6.0 s)

! B: lost, no effect
! within 2
> create A m2 ada "two"
< B post - as "ada": "two"  -> lost: it had no effect
= B waits: the outcome of a request is unknown: waiting until no late effect can come

> delete m2
< nothing

! echoes stop
! B: lost, with effect
! within 0.001
> create A m3 ada "three"
> create A m4 ada "four"
< B post b2 as "ada": "three"  -> lost: it had effect
< B edit b2: "three"
< B post b3 as "ada": "four"

> delete m3
< B delete b2

= A: a0 mirror: "(notice)" | m1 ada: "one, changed" | m4 ada: "four"
= B: b0 mirror: "(notice)" | b1 ada: "one, changed" | b3 ada: "four"
