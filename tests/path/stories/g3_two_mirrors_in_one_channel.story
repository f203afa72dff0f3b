# Two mirrors meet in one channel: what is said there goes to both, and the copies of one are not shown in the other
! linked A, B
$ mirror link hall $B
| mirror 'hall' is new
| linked channel $B to 'hall': publishes and receives, from 0.0 s on
< B notice b1
$ mirror link hall $C
| linked channel $C to 'hall': publishes and receives, from 0.0 s on
< C notice c0

> create A m1 ada "to the room"
< B post b2 as "ada": "to the room"

> create B m2 bob "to both"
< A post a1 as "bob": "to both"
< C post c1 as "bob": "to both"

> create C m3 cy "to the hall"
< B post b3 as "cy": "to the hall"

> delete m2
< A delete a1
< C delete c1

= A: a0 mirror: "(notice)" | m1 ada: "to the room"
= B: b0 mirror: "(notice)" | b1 mirror: "(notice)" | b2 ada: "to the room" | b3 cy: "to the hall"
= C: c0 mirror: "(notice)" | m3 cy: "to the hall"
