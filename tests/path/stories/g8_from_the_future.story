# A version over a day ahead of our clock would win for ever: put aside, and the next is taken
! linked A, B

> create A m1 ada "hello"
< B post b1 as "ada": "hello"

> edit m1 "from next week" at 604800
> create A m2 ada "next"
< B post b2 as "ada": "next"
= put aside: version 1767830400000000 lies more than a day ahead of our clock (MESSAGE_UPDATE, 467 bytes)

# some hours are no more than a wrong clock
> edit m1 "from tonight" at 36000
< B edit b1: "from tonight"

> edit m1 "from now"
< nothing

= A: a0 mirror: "(notice)" | m1 ada: "from now" | m2 ada: "next"
= B: b0 mirror: "(notice)" | b1 ada: "from tonight" | b2 ada: "next"
