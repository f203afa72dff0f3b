# A post is renamed, tagged otherwise, archived, locked, opened again and removed: ours follow, and nothing comes back
> forum A bug idea
> forum B idea bug
> forum C
< nothing

! linked A, B, C

> thread s in A "plans" ada {"applied_tags": ["$bugA"]}
> create s s ada "shall we?"
< B post b1 of a new "plans" #bug as "ada": "shall we?"
< C post c1 of a new "plans" #bug as "ada": "shall we?"

> rethread s {"name": "the plan", "applied_tags": ["$bugA", "$ideaA"]}
< B thread on b1: show "the plan" #bug #idea
< C thread on c1: show "the plan" #bug #idea

> rethread s {"applied_tags": []}
< B thread on b1: show "the plan"
< C thread on c1: show "the plan"

> rethread s {"thread_metadata": {"archived": true, "locked": true}}
< B thread on b1: show "the plan" archived locked
< C thread on c1: show "the plan" archived locked

> create s m1 bob "one more"
< B thread on b1: show "the plan"
< B post b1x0 in b1 as "bob": "one more"
< B thread on b1: show "the plan" archived locked
< C thread on c1: show "the plan"
< C post c1x0 in c1 as "bob": "one more"
< C thread on c1: show "the plan" archived locked

> rethread s {"thread_metadata": {"archived": false, "locked": false}}
< B thread on b1: show "the plan"
< C thread on c1: show "the plan"

> unthread s
< B thread on b1: remove
< C thread on c1: remove

> edit s "too late"
< nothing

# One that is removed before it is sent is not sent.
! B: wait 3000
> thread t in A "gone soon" ada
> create t t ada "never mind"
> unthread t
< nothing

= A:
= B:
= C:
= a0: ("(notice)" of A) | a0 mirror: "(notice)"
= b0: ("(notice)" of B) | b0 mirror: "(notice)"
= c0: ("(notice)" of C) | c0 mirror: "(notice)"
