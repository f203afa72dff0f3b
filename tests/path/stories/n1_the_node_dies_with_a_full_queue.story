# The node dies while messages wait in memory: the next start takes them up from the log, in order, each once
! linked A, B, C
! B: wait 30000

! within 2
> create A m1 ada "one"
> create A m2 ada "two"
< B post - as "ada": "one"  -> wait 30000 ms
< C post c1 as "ada": "one"
< C post c2 as "ada": "two"
= B waits: Discord asked to wait

! within 2
> edit m2 "two, changed"
> create A m3 ada "three"
> delete m1
< C edit c2: "two, changed"
< C post c3 as "ada": "three"
< C delete c1

! crash
< B post b1 as "ada": "two, changed"  (+18.7 s)
< B post b2 as "ada": "three"  (+18.7 s)

= A: a0 mirror: "(notice)" | m2 ada: "two, changed" | m3 ada: "three"
= B: b0 mirror: "(notice)" | b1 ada: "two, changed" | b2 ada: "three"
= C: c0 mirror: "(notice)" | c2 ada: "two, changed" | c3 ada: "three"
