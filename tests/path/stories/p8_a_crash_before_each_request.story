# The node dies before each request about a thread: one thread, one copy each
! linked A, B

! B: crash before
> create A s ada "shall we?"
< B post - as "ada": "shall we?"  -> crash before its effect
< B post b1 as "ada": "shall we?"  (+18.7 s)

! B: crash before
> thread s in A "plans" ada
< B thread on b1: open "plans"  -> crash before its effect
< B thread on b1: open "plans"  (+15.0 s)

! B: crash before
> create s m1 bob "on friday"
< B post - in b1 as "bob": "on friday"  -> crash before its effect
< B post b1x0 in b1 as "bob": "on friday"  (+18.7 s)

! B: crash before
> edit m1 "on saturday"
< B edit b1x0 in b1: "on saturday"  -> crash before its effect
< B edit b1x0 in b1: "on saturday"  (+15.0 s)

! B: crash before
> rethread s {"name": "the plan"}
< B thread on b1: show "the plan"  -> crash before its effect
< B thread on b1: show "the plan"  (+15.0 s)

! B: crash before
> delete m1 in s
< B delete b1x0 in b1  -> crash before its effect
< B delete b1x0 in b1

! B: crash before
> unthread s
< B thread on b1: remove  -> crash before its effect
< B thread on b1: remove  (+15.0 s)

= A: a0 mirror: "(notice)" | s ada: "shall we?"
= B: b0 mirror: "(notice)" | b1 ada: "shall we?"
