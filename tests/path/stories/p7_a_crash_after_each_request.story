# The node dies after each request about a thread: one thread, one copy each
! linked A, B

! B: crash after
> create A s ada "shall we?"
< B post b1 as "ada": "shall we?"  -> crash after its effect

! B: crash after
> thread s in A "plans" ada
< B thread on b1: open "plans"  -> crash after its effect
< B thread on b1: open "plans"  (+15.0 s)

! B: crash after
> create s m1 bob "on friday"
< B post b1x0 in b1 as "bob": "on friday"  -> crash after its effect

! B: crash after
> edit m1 "on saturday"
< B edit b1x0 in b1: "on saturday"  -> crash after its effect
< B edit b1x0 in b1: "on saturday"  (+15.0 s)

! B: crash after
> rethread s {"name": "the plan"}
< B thread on b1: show "the plan"  -> crash after its effect
< B thread on b1: show "the plan"  (+15.0 s)

! B: crash after
> delete m1 in s
< B delete b1x0 in b1  -> crash after its effect
< B delete b1x0 in b1  -> missing

! B: crash after
> unthread s
< B thread on b1: remove  -> crash after its effect

= A: a0 mirror: "(notice)" | s ada: "shall we?"
= B: b0 mirror: "(notice)" | b1 ada: "shall we?"
