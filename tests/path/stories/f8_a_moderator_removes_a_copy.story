# A copy that a moderator removed stays removed, whatever is edited, until it is restored on purpose
! linked A, B, C

> create A m1 ada "hello"
< B post b1 as "ada": "hello"
< C post c1 as "ada": "hello"

> delete b1
< nothing

> edit m1 "hello!"
< C edit c1: "hello!"

$ mirror replay --mirror room --apply --dry-run
| 'room' owes:
|   $A  +0 post  ~0 edit  -0 delete
|   $B  +0 post  ~0 edit  -0 delete
|   $C  +0 post  ~0 edit  -0 delete
| 0 requests, about 0 s under Discord's limits
| every channel is in step: nothing to do
< nothing
$ mirror replay --mirror room --apply --restore --dry-run
| 'room' owes, what others removed too:
|   $A  +0 post  ~0 edit  -0 delete
|   $B  +1 post  ~0 edit  -0 delete
|   $C  +0 post  ~0 edit  -0 delete
| 1 request, about 0 s under Discord's limits
| nothing was sent yet
< nothing
$ mirror replay --mirror room --apply --restore --yes
| 'room' owes, what others removed too:
|   $A  +0 post  ~0 edit  -0 delete
|   $B  +1 post  ~0 edit  -0 delete
|   $C  +0 post  ~0 edit  -0 delete
| 1 request, about 0 s under Discord's limits
| the lanes work at it: `mirror status`
< B post b2 as "ada": "hello!"

> edit m1 "hello again"
< B edit b2: "hello again"
< C edit c1: "hello again"

= A: a0 mirror: "(notice)" | m1 ada: "hello again"
= B: b0 mirror: "(notice)" | b2 ada: "hello again"
= C: c0 mirror: "(notice)" | c1 ada: "hello again"
