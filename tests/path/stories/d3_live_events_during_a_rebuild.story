# Events arrive while a mirror is rebuilt: both builds hold them, and the digests agree at the barrier (DESIGN.md 12d)
! linked A, B

> create A m1 ada "one"
> create A m2 ada "two"
> edit m1 "one, changed"
< B post b1 as "ada": "one, changed"
< B post b2 as "ada": "two"

! meanwhile mirror replay --mirror room
> create A m3 ada "three"
> edit m1 "one, changed again"
> delete m2
| rebuilt … events of 'room', offsets … to … … cells in … ms, … events/s
| digest …, the same as build … … is read now; build … is kept for `mirror replay rollback`
< B post b3 as "ada": "three"
< B edit b1: "one, changed again"
< B delete b2

$ mirror verify
| 'room': 17 events, 5 receipts, 2 live copies; digest …
| node main in partition 0: 17 events, numbers 1 to 17, no holes
| all is as it should be
< nothing

! trim 6
! meanwhile mirror replay --mirror room --from 6 --base live
> edit m3 "three, changed"
| joined … events of 'room', offsets … to … into build … … cells. A repair proves nothing
< B edit b3: "three, changed"

= A: a0 mirror: "(notice)" | m1 ada: "one, changed again" | m3 ada: "three, changed"
= B: b0 mirror: "(notice)" | b1 ada: "one, changed again" | b3 ada: "three, changed"
= the log no longer holds the beginning of 'room', so its views may not know every copy, and what is not known would be posted twice: nothing was applied
