# A moderator removes a copy while its edit waits: it stays removed, and nothing is posted in its place
! linked A, B

> create A m1 ada "one"
> create A m2 ada "two"
< B post b1 as "ada": "one"
< B post b2 as "ada": "two"

! B: wait 5000
! within 1
> edit m1 "one, changed"
< B edit b1: "one, changed"  -> wait 5000 ms
= B waits: Discord asked to wait

> delete b1
< nothing

# and while the outcome of its create is unknown
! echoes stop
! B: lost, with effect
! within 0.001
> create A m3 ada "three"
< B post b3 as "ada": "three"  -> lost: it had effect

> edit m3 "three, changed"
< B edit b3: "three, changed"

= A: a0 mirror: "(notice)" | m1 ada: "one, changed" | m2 ada: "two" | m3 ada: "three, changed"
= B: b0 mirror: "(notice)" | b2 ada: "two" | b3 ada: "three, changed"
