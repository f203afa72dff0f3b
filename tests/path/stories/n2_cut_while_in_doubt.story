# A link is cut while the outcome of a create is unknown: the doubt is settled, and nothing more is sent; made again, all is in step
! linked A, B
! B: late 8

! within 2
> create A m1 ada "one"
> create A m2 ada "two"
< B post - as "ada": "one"  -> lost: its effect comes late
= B waits: the outcome of a request is unknown: waiting until no late effect can come

$ mirror cut room $B
| cut channel $B from 'room'; its copies stay as they are
< B post b1 as "ada": "one"  (late effect)  (+5.9 s)

> edit m1 "one, changed"
< nothing

$ mirror link room $B
| linked channel $B to 'room': publishes and receives, from 8.0 s on
< B edit b1: "one, changed"

> create A m3 ada "three"
< B post b2 as "ada": "three"

= A: a0 mirror: "(notice)" | m1 ada: "one, changed" | m2 ada: "two" | m3 ada: "three"
= B: b0 mirror: "(notice)" | b1 ada: "one, changed" | b2 ada: "three"
