# A backlog grows while Discord asks to wait; it is sent in order, each message in its last form (DESIGN.md 12c)
! linked A, B
! B: wait 30000

! within 5
> create A m1 ada "one"
< B post - as "ada": "one"  -> wait 30000 ms
= B waits: Discord asked to wait

! within 1
> create A m2 bob "two"
> create A m3 ada "three"
< nothing

! within 1
> edit m2 "two, changed"
> delete m3
< nothing

> create A m4 cy "four"
< B post b1 as "ada": "one"  (+22.9 s)
< B post b2 as "bob": "two, changed"  (+22.9 s)
< B post b3 as "cy": "four"  (+22.9 s)

= A: a0 mirror: "(notice)" | m1 ada: "one" | m2 bob: "two, changed" | m4 cy: "four"
= B: b0 mirror: "(notice)" | b1 ada: "one" | b2 bob: "two, changed" | b3 cy: "four"
