# What is said in one channel is shown in the others, changed with it, and removed with it (DESIGN.md 12a)
$ mirror link room $A
| mirror 'room' is new
| linked channel $A to 'room': publishes and receives, from 0.0 s on
< A notice a0
$ mirror link room $B
| linked channel $B to 'room': publishes and receives, from 0.0 s on
< B notice b0
$ mirror link room $C
| linked channel $C to 'room': publishes and receives, from 0.0 s on
< C notice c0

> create A m1 ada "hello"
< B post b1 as "ada": "hello"
< C post c1 as "ada": "hello"

> edit m1 "hello!"
< B edit b1: "hello!"
< C edit c1: "hello!"

> delete m1
< B delete b1
< C delete c1

? log
= declared room
= linked $A publishes receives
= linked $B publishes receives
= linked $C publishes receives
= created $A $m1 ada: hello
= receipt $B $m1 copy $b1 part 0 shows 0.0 s
= receipt $C $m1 copy $c1 part 0 shows 0.0 s
= edited $A $m1 hello!
= refreshed $A $m1 0 embeds, flags 0
= receipt $B $m1 copy $b1 part 0 shows 0.0 s
= receipt $C $m1 copy $c1 part 0 shows 0.0 s
= deleted $A $m1
= receipt $B $m1 copy $b1 part 0 gone by us
= receipt $C $m1 copy $c1 part 0 gone by us
= deleted $B $b1
= deleted $C $c1

= A: a0 mirror: "(notice)"
= B: b0 mirror: "(notice)"
= C: c0 mirror: "(notice)"
