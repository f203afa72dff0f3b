# A 429 has no effect: the same is asked again after the wait, for a create, an edit and a delete; other lanes go on (facts 1.7)
! linked A, B, C
! B: wait 2500

> create A m1 ada "one"
> create A m2 ada "two"
< B post - as "ada": "one"  -> wait 2500 ms
< B post b1 as "ada": "one"  (+2.5 s)
< B post b2 as "ada": "two"  (+2.5 s)
< C post c1 as "ada": "one"
< C post c2 as "ada": "two"

! B: wait 700
> edit m1 "one, changed"
< B edit b1: "one, changed"  -> wait 700 ms
< B edit b1: "one, changed"  (+0.7 s)
< C edit c1: "one, changed"

! B: wait 700
> delete m1
< B delete b1  -> wait 700 ms
< B delete b1  (+0.7 s)
< C delete c1

# the newest text is sent after the wait, once
! B: wait 60000
! within 1
> edit m2 "two, changed"
< B edit b2: "two, changed"  -> wait 60000 ms
< C edit c2: "two, changed"
= B waits: Discord asked to wait

> edit m2 "two, changed again"
< B edit b2: "two, changed again"  (+58.9 s)
< C edit c2: "two, changed again"

= A: a0 mirror: "(notice)" | m2 ada: "two, changed again"
= B: b0 mirror: "(notice)" | b2 ada: "two, changed again"
= C: c0 mirror: "(notice)" | c2 ada: "two, changed again"
