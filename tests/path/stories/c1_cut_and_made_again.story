# A link is cut and made again: what was said meanwhile is not sent, what was there before is kept in step (DESIGN.md 12c)
! linked A, B

> create A m1 ada "one"
> create A m2 ada "two"
> create A m3 ada "three"
< B post b1 as "ada": "one"
< B post b2 as "ada": "two"
< B post b3 as "ada": "three"

$ mirror cut room $B
| cut channel $B from 'room'; its copies stay as they are
< nothing

> edit m1 "one, changed"
> delete m2
> create A m4 ada "four, unheard"
< nothing

$ mirror link room $B
| linked channel $B to 'room': publishes and receives, from 0.0 s on
< B edit b1: "one, changed"
< B delete b2

> create A m5 ada "five"
< B post b4 as "ada": "five"

> edit m3 "three, changed"
< B edit b3: "three, changed"

> edit m4 "four, still unheard"
< nothing

= A: a0 mirror: "(notice)" | m1 ada: "one, changed" | m3 ada: "three, changed" | m4 ada: "four, still unheard" | m5 ada: "five"
= B: b0 mirror: "(notice)" | b1 ada: "one, changed" | b3 ada: "three, changed" | b4 ada: "five"
