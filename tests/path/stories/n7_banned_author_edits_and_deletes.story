# Edits made before a ban count although they arrive after it, and those made under it do not, in whatever order they come
! linked A, B

> create A m1 eve "one"
< B post b1 as "eve": "one"

! pass 10
< nothing
$ mirror ban $eve --mirror room
| banned user $eve from 'room'; copies of earlier messages stay
< nothing

> edit m1 "before the ban" at 5
< B edit b1: "before the ban"

> edit m1 "under the ban" at 12
< nothing

! pass 5
< nothing
$ mirror unban $eve --mirror room
| user $eve is no longer banned from 'room'; messages written meanwhile are not sent
< nothing

> edit m1 "after the ban"
< B edit b1: "after the ban"

= A: a0 mirror: "(notice)" | m1 eve: "after the ban"
= B: b0 mirror: "(notice)" | b1 eve: "after the ban"
