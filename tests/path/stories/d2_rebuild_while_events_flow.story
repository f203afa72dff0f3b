# A rebuild makes the next build of the views and swaps; live events go into both (DESIGN.md 12d)
! linked A, B

> create A m1 ada "one"
> edit m1 "one, changed"
< B post b1 as "ada": "one, changed"

$ mirror replay --mirror room
| rebuilt 7 events of 'room', offsets 0 to 7: 13 cells in 0 ms, 7000 events/s
| digest …, the same as build 0's
| build 1 is read now; build 0 is kept for `mirror replay rollback`
< nothing

> create A m2 ada "two"
> delete m1
< B post b2 as "ada": "two"
< B delete b1

$ mirror replay rollback --mirror room
| 'room' reads build 0 again; build 1 is kept
< nothing

> edit m2 "two, changed"
< B edit b2: "two, changed"

$ mirror verify
| 'room': 15 events, 4 receipts, 1 live copy; digest …
| node main in partition 0: 15 events, numbers 1 to 15, no holes
| all is as it should be
< nothing

= A: a0 mirror: "(notice)" | m2 ada: "two, changed"
= B: b0 mirror: "(notice)" | b2 ada: "two, changed"
