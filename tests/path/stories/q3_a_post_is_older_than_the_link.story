# A post that was made before the link: once somebody writes in it, it is there
> forum A bug
> forum B bug
< nothing

! linked B

! unheard thread s in A "plans" ada {"applied_tags":["$bugA"]}
! unheard create s s ada "long ago"
! unheard create s m0 ada "long ago too"
! linked A

> create s m1 bob "on friday"
< B post b1 of a new "plans" #bug as "ada": "long ago"
< B post b1x0 in b1 as "bob": "on friday"

> create s m2 bob "or not"
< B post b1x1 in b1 as "bob": "or not"

> rethread s {"name": "the plan"}
< B thread on b1: show "the plan" #bug

# Of one whose first message is gone there is its name.
! unheard thread t in A "ideas" ada
! unheard create t m3 ada "before"

> create t m4 bob "an idea"
< B post b2 of a new "ideas" as "someone": "-# 🧵 started a thread: **ideas**"
< B post b2x0 in b2 as "bob": "an idea"

= A:
= B:
= b0: ("(notice)" of B) | b0 mirror: "(notice)"
= b1: ("the plan" of B #bug) | b1 ada: "long ago" | b1x0 bob: "on friday" | b1x1 bob: "or not"
= b2: ("ideas" of B) | b2 someone: "-# 🧵 started a thread: **ideas**" | b2x0 bob: "an idea"
= s: ("the plan" of A) | s ada: "long ago" | m0 ada: "long ago too" | m1 bob: "on friday" | m2 bob: "or not"
= t: ("ideas" of A) | m3 ada: "before" | m4 bob: "an idea"
