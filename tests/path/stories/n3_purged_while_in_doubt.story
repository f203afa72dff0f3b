# An author is banned and purged while the outcome of a create is unknown: its copy goes as soon as it is known
! linked A, B
! B: late 8

! within 2
> create A m1 eve "one"
> create A m2 ada "two"
< B post - as "eve": "one"  -> lost: its effect comes late
= B waits: the outcome of a request is unknown: waiting until no late effect can come

$ mirror ban $eve --mirror room --purge
| banned user $eve from 'room'; copies of earlier messages are removed
< B post b1 as "eve": "one"  (late effect)  (+5.9 s)
< B delete b1  (+6.0 s)
< B post b2 as "ada": "two"  (+6.0 s)

= A: a0 mirror: "(notice)" | m1 eve: "one" | m2 ada: "two"
= B: b0 mirror: "(notice)" | b2 ada: "two"
