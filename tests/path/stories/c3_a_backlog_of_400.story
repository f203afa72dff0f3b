# A link is cut and made again with a backlog of 400; messages copied before are edited and deleted meanwhile (DESIGN.md 12c)
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

# it receives from now on: what was never sent there stays unsent
$ mirror link room $B
| linked channel $B to 'room': publishes and receives, from 60.0 s on
< B edit b1: "one, changed"
< B delete b2

> create A m3 ada "three"
> edit n9 "9, changed"
< B post b3 as "ada": "three"

= A: a0 mirror: "(notice)" | m1 ada: "one, changed" | n1 bob: "1" | … 396 more, each after the one before … | n399 bob: "399" | n400 bob: "400" | m3 ada: "three"
= B: b0 mirror: "(notice)" | b1 ada: "one, changed" | b3 ada: "three"
