# Two nodes on one shard, their clocks apart, put the same facts on the log twice: one copy (DESIGN.md 12a; facts 0.3)
! linked A, B

> create A m1 ada "hello"
> again
< B post b1 as "ada": "hello"

! pass 3
< nothing
> edit m1 "hello!" at 2.5
> again
< B edit b1: "hello!"

# the other node is late, and is still at the first text
! resume
< nothing

> delete m1
> again
< B delete b1

! resume
< nothing
? log
= declared room
= linked $A publishes receives
= linked $B publishes receives
= created $A $m1 ada: hello
= created $A $m1 ada: hello
= receipt $B $m1 copy $b1 part 0 shows 0.0 s
= edited $A $m1 hello!
= refreshed $A $m1 0 embeds, flags 0
= edited $A $m1 hello!
= refreshed $A $m1 0 embeds, flags 0
= receipt $B $m1 copy $b1 part 0 shows 2.5 s
= created $A $m1 ada: hello
= edited $A $m1 hello!
= refreshed $A $m1 0 embeds, flags 0
= deleted $A $m1
= deleted $A $m1
= receipt $B $m1 copy $b1 part 0 gone by us
= deleted $B $b1
= created $A $m1 ada: hello
= edited $A $m1 hello!
= refreshed $A $m1 0 embeds, flags 0
= deleted $A $m1
= deleted $B $b1

= A: a0 mirror: "(notice)"
= B: b0 mirror: "(notice)"
