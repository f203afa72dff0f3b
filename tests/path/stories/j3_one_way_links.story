# A receive-only channel speaks to nobody; a publish-only one hears nobody
! linked A, B --receive-only, C --publish-only

> create A m1 ada "from A"
< B post b1 as "ada": "from A"

> create B m2 bob "from B"
< nothing

> create C m3 cy "from C"
< A post a1 as "cy": "from C"
< B post b2 as "cy": "from C"

# what a moderator removes in a receive-only channel stays removed, too
> delete b1
< nothing

> edit m1 "from A, changed"
< nothing

$ mirror link room $B
| channel $B takes part in 'room' differently now: publishes and receives, from 0.0 s on
< nothing
> create B m4 bob "now B speaks"
< A post a2 as "bob": "now B speaks"

= A: a0 mirror: "(notice)" | m1 ada: "from A, changed" | a1 cy: "from C" | a2 bob: "now B speaks"
= B: b0 mirror: "(notice)" | m2 bob: "from B" | b2 cy: "from C" | m4 bob: "now B speaks"
= C: m3 cy: "from C"
