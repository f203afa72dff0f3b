# A message that was edited before it is sent is sent once, in its last form; an older edit that comes later changes nothing
! linked A, B

> create A m1 ada "one"
> edit m1 "three" at 0.3
> edit m1 "two" at 0.2
< B post b1 as "ada": "three"

> edit m1 "one and a half" at 0.1
< nothing

= A: a0 mirror: "(notice)" | m1 ada: "one and a half"
= B: b0 mirror: "(notice)" | b1 ada: "three"
