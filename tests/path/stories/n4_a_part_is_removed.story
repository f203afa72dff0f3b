# A moderator removes one part of three: the others stay in step, the removed one stays removed until a restore
! linked A, B

> create A m1 ada "«word *900»"
< B post b1 as "ada": "word word word word word" … "word word word word word" (1984 characters)
< B post b2 as "ada": "word word word word word" … "word word word word word" (1984 characters)
< B post b3 as "ada": "word word word word word" … "word word word word word" (529 characters)

> delete b2
< nothing

> edit m1 "«more *900»"
< B edit b1: "more more more more more" … "more more more more more" (1984 characters)
< B edit b3: "more more more more more" … "more more more more more" (529 characters)

> edit m1 "short"
< B edit b1: "short"
< B delete b3

$ mirror replay --mirror room --apply --restore --yes
| 'room' owes, what others removed too:
|   $A  +0 post  ~0 edit  -0 delete
|   $B  +0 post  ~0 edit  -0 delete
| 0 requests, about 0 s under Discord's limits
| every channel is in step: nothing to do
< nothing

> edit m1 "«again *500»"
< B edit b1: "again again again again " … " again again again again" (1985 characters)

= A: a0 mirror: "(notice)" | m1 ada: "again again again again " … "again again again again " (3000 characters)
= B: b0 mirror: "(notice)" | b1 ada: "again again again again " … " again again again again" (1985 characters)
