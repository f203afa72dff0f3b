# The same, made again with its history: the backlog is sent in order, each message once, although the lane's queue is shorter (DESIGN.md 12c)
! linked A, B

> create A m1 ada "one"
> create A m2 ada "two"
< B post b1 as "ada": "one"
< B post b2 as "ada": "two"

! B: wait 60000
! within 2
> many A bob 400
< B post - as "bob": "1"  -> wait 60000 ms
= B waits: Discord asked to wait

$ mirror cut room $B
| cut channel $B from 'room'; its copies stay as they are
< nothing

> edit m1 "one, changed"
> delete m2
> delete n7
< nothing

$ mirror link room $B --backfill
| linked channel $B to 'room': publishes and receives, from the beginning of the mirror's history
< B edit b1: "one, changed"
< B delete b2
< B post b3 as "bob": "1"
< B … 395 more, each after the one before …
< B post b399 as "bob": "398"
< B post b400 as "bob": "399"
< B post b401 as "bob": "400"

> create A m3 ada "three"
> edit n9 "9, changed"
< B post b402 as "ada": "three"
< B edit b10: "9, changed"

= A: a0 mirror: "(notice)" | m1 ada: "one, changed" | n1 bob: "1" | … 396 more, each after the one before … | n399 bob: "399" | n400 bob: "400" | m3 ada: "three"
= B: b0 mirror: "(notice)" | b1 ada: "one, changed" | b3 bob: "1" | … 396 more, each after the one before … | b400 bob: "399" | b401 bob: "400" | b402 ada: "three"
