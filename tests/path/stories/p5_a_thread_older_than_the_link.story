# A thread on a message that was written before the link: once somebody writes in it, it is there
! linked B

! unheard create A s ada "long ago"
! unheard thread s in A "plans" ada
! unheard create s m0 ada "long ago too"
! linked A

> create s m1 bob "on friday"
< B post b1 as "ada": "long ago"
< B thread on b1: open "plans"
< B post b1x0 in b1 as "bob": "on friday"

> create s m2 bob "or not"
< B post b1x1 in b1 as "bob": "or not"

= A: s ada: "long ago" | a0 mirror: "(notice)"
= B: b0 mirror: "(notice)" | b1 ada: "long ago"
= b1: ("plans" of B) | b1x0 bob: "on friday" | b1x1 bob: "or not"
= s: ("plans" of A) | m0 ada: "long ago too" | m1 bob: "on friday" | m2 bob: "or not"
