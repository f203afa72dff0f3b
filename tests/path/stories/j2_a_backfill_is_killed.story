# A backfill goes on where it was after every crash
! linked A, B

> create A m1 ada "one"
> create A m2 ada "two"
> create A m3 ada "three"
< B post b1 as "ada": "one"
< B post b2 as "ada": "two"
< B post b3 as "ada": "three"

! C: yes
! C: yes
! C: crash after
! C: crash before
$ mirror link room $C --backfill
| linked channel $C to 'room': publishes and receives, from the beginning of the mirror's history
< C notice c0
< C post c1 as "ada": "one"
< C post c2 as "ada": "two"  -> crash after its effect
< C post - as "ada": "three"  -> crash before its effect
< C post c3 as "ada": "three"  (+18.7 s)

> create A m4 ada "four"
< B post b4 as "ada": "four"
< C post c4 as "ada": "four"

= A: a0 mirror: "(notice)" | m1 ada: "one" | m2 ada: "two" | m3 ada: "three" | m4 ada: "four"
= B: b0 mirror: "(notice)" | b1 ada: "one" | b2 ada: "two" | b3 ada: "three" | b4 ada: "four"
= C: c0 mirror: "(notice)" | c1 ada: "one" | c2 ada: "two" | c3 ada: "three" | c4 ada: "four"
