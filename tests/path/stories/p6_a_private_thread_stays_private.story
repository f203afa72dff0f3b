# What is said in a private thread is nobody's business, and is on no log
! linked A, B

> thread p in A "secret plans" ada {"type": 12}
< nothing

> create p m1 ada "psst"
< nothing

> edit m1 "psst!"
< nothing

> delete m1 in p
< nothing

> unthread p
< nothing

! unheard thread q in A "older secrets" ada {"type":12}
> create q m2 ada "psst"
< nothing

? log
= declared room
= linked $A publishes receives
= linked $B publishes receives

= A: a0 mirror: "(notice)"
= B: b0 mirror: "(notice)"
= q: ("older secrets" of A) | m2 ada: "psst"
