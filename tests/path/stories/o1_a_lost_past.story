# A lane that finds copies in its channel that its data knows nothing of is held, posts nothing and removes nothing (DESIGN.md 7.8)
! linked A, B, C

> create A m1 ada "one"
< B post b1 as "ada": "one"
< C post c1 as "ada": "one"

# an old copy of the data directory was put back: what it posted since is in the channel
! B: posted unseen
! B: posted unseen
! crash
< nothing
= B is held: 2 messages of our webhook are in the channel that this data directory knows nothing of ($b2, $b3): was an old backup put back? Nothing is posted or removed here until `mirror release` says how to go on; cannot explain $b2, $b3

> create A m2 ada "two"
< C post c2 as "ada": "two"

> edit m1 "one, changed"
< C edit c1: "one, changed"

$ mirror release room $B
| the lane goes on
< nothing

= A: a0 mirror: "(notice)" | m1 ada: "one, changed" | m2 ada: "two"
= B: b0 mirror: "(notice)" | b1 ada: "one" | b2 somebody: "of a lost past" | b3 somebody: "of a lost past"
= C: c0 mirror: "(notice)" | c1 ada: "one, changed" | c2 ada: "two"
= 'room' owes:
=   $A  +0 post  ~0 edit  -0 delete
=   $B  +1 post  ~1 edit  -0 delete
=   $C  +0 post  ~0 edit  -0 delete
= 2 requests, about 0 s under Discord's limits
= nothing was sent yet
