# An edit of a message from before the link, or of one that was never seen, creates nothing
> create A m1 ada "before there was a mirror"
< nothing
! linked A, B

> edit m1 "changed"
< nothing

> edit m8 "nobody saw this one created"
< nothing

> delete m8
> delete m1
< nothing

= A: a0 mirror: "(notice)"
= B: b0 mirror: "(notice)"
