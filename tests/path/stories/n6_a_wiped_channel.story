# A channel that lost everything is put back by a restore: final forms, in order, and the deleted ones not
! linked A, B

> create A m1 ada "one"
> create A m2 bob "two"
> create A m3 cy "three"
> edit m1 "one, changed"
< B post b1 as "ada": "one, changed"
< B post b2 as "bob": "two"
< B post b3 as "cy": "three"

> bulk b1 b2 b3
> delete m2
< nothing

$ mirror replay --mirror room --apply --restore --yes
| 'room' owes, what others removed too:
|   $A  +0 post  ~0 edit  -0 delete
|   $B  +2 post  ~0 edit  -0 delete
| 2 requests, about 0 s under Discord's limits
| the lanes work at it: `mirror status`
< B post b4 as "ada": "one, changed"
< B post b5 as "cy": "three"

> edit m3 "three, changed"
> delete m1
< B edit b5: "three, changed"
< B delete b4

# again, and the node dies on the way
> delete b5
< nothing
! B: wait 1000
! B: crash after
$ mirror replay --mirror room --apply --restore --yes
| 'room' owes, what others removed too:
|   $A  +0 post  ~0 edit  -0 delete
|   $B  +1 post  ~0 edit  -0 delete
| 1 request, about 0 s under Discord's limits
| the lanes work at it: `mirror status`
< B post - as "cy": "three, changed"  -> wait 1000 ms
< B post b6 as "cy": "three, changed"  -> crash after its effect  (+1.0 s)

= A: a0 mirror: "(notice)" | m3 cy: "three, changed"
= B: b0 mirror: "(notice)" | b6 cy: "three, changed"
