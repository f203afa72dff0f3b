# A thread is renamed, archived, opened by what is said in it, archived and locked, written in all the same, and removed
! linked A, B

> create A s ada "shall we?"
> thread s in A "plans" ada
< B post b1 as "ada": "shall we?"
< B thread on b1: open "plans"

> rethread s {"name": "the plan"}
< B thread on b1: show "the plan"

> rethread s {"thread_metadata": {"archived": true}}
< B thread on b1: show "the plan" archived

> rethread s {"thread_metadata": {"archived": false}}
> create s m1 bob "on friday"
< B thread on b1: show "the plan"
< B post b1x0 in b1 as "bob": "on friday"

> rethread s {"thread_metadata": {"archived": true, "locked": true}}
< B thread on b1: show "the plan" archived locked

> edit m1 "on saturday"
< B thread on b1: show "the plan"
< B edit b1x0 in b1: "on saturday"
< B thread on b1: show "the plan" archived locked

> unthread s
< B thread on b1: remove

> delete s
< B delete b1

= A: a0 mirror: "(notice)"
= B: b0 mirror: "(notice)"
