# The node dies after each request about a post: one post, one copy each
> forum A bug
> forum B bug
< nothing

! linked A, B

! B: crash after
> thread s in A "plans" ada {"applied_tags": ["$bugA"]}
> create s s ada "shall we?"
< B post b1 of a new "plans" #bug as "ada": "shall we?"  -> crash after its effect

! B: crash after
> create s m1 bob "on friday"
< B post b1x0 in b1 as "bob": "on friday"  -> crash after its effect

! B: crash after
> edit s "shall we not?"
< B edit b1 in b1: "shall we not?"  -> crash after its effect
< B edit b1 in b1: "shall we not?"  (+15.0 s)

! B: crash after
> rethread s {"name": "the plan"}
< B thread on b1: show "the plan" #bug  -> crash after its effect
< B thread on b1: show "the plan" #bug  (+15.0 s)

! B: crash after
> delete m1 in s
< B delete b1x0 in b1  -> crash after its effect
< B delete b1x0 in b1  -> missing

! B: crash after
> unthread s
< B thread on b1: remove  -> crash after its effect

= A:
= B:
= a0: ("(notice)" of A) | a0 mirror: "(notice)"
= b0: ("(notice)" of B) | b0 mirror: "(notice)"
