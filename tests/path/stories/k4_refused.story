# 400: this message is not taken, the next one is; an edit of it tries again (facts 1.6)
! linked A, B
! B: refused 50035 invalid form body

> create A m1 ada "not taken"
> create A m2 ada "taken"
< B post - as "ada": "not taken"  -> refused: 50035 invalid form body
< B post b1 as "ada": "taken"

> edit m1 "taken, too"
< B post b2 as "ada": "taken, too"

# an edit can be refused as well: the copy stays as it is until the next one
! B: refused 200000 automod
> edit m2 "not taken"
< B edit b1: "not taken"  -> refused: 200000 automod

> edit m2 "taken again"
< B edit b1: "taken again"

> delete m1
> delete m2
< B delete b2
< B delete b1
? log
= declared room
= linked $A publishes receives
= linked $B publishes receives
= created $A $m1 ada: not taken
= created $A $m2 ada: taken
= receipt $B $m1 part 0 refused: 50035 invalid form body
= receipt $B $m2 copy $b1 part 0 shows 0.0 s
= edited $A $m1 taken, too
= refreshed $A $m1 0 embeds, flags 0
= receipt $B $m1 copy $b2 part 0 shows 0.0 s
= edited $A $m2 not taken
= refreshed $A $m2 0 embeds, flags 0
= receipt $B $m2 part 0 refused: 200000 automod
= edited $A $m2 taken again
= refreshed $A $m2 0 embeds, flags 0
= receipt $B $m2 copy $b1 part 0 shows 0.0 s
= deleted $A $m1
= deleted $A $m2
= receipt $B $m1 copy $b2 part 0 gone by us
= receipt $B $m2 copy $b1 part 0 gone by us
= deleted $B $b2
= deleted $B $b1

= A: a0 mirror: "(notice)"
= B: b0 mirror: "(notice)"
