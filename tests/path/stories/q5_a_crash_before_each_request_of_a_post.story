# The node dies before each request about a post has effect: one post, one copy each
> forum A bug
> forum B bug
< nothing

! linked A, B

! B: crash before
> thread s in A "plans" ada {"applied_tags": ["$bugA"]}
> create s s ada "shall we?"
< B post - of a new "plans" #bug as "ada": "shall we?"  -> crash before its effect
< B post b1 of a new "plans" #bug as "ada": "shall we?"  (+18.7 s)

! B: crash before
> create s m1 bob "on friday"
< B post - in b1 as "bob": "on friday"  -> crash before its effect
< B post b1x0 in b1 as "bob": "on friday"  (+18.7 s)

! B: crash before
> edit s "shall we not?"
< B edit b1 in b1: "shall we not?"  -> crash before its effect
< B edit b1 in b1: "shall we not?"  (+15.0 s)

! B: crash before
> rethread s {"name": "the plan"}
< B thread on b1: show "the plan" #bug  -> crash before its effect
< B thread on b1: show "the plan" #bug  (+15.0 s)

! B: crash before
> delete s in s
< B delete b1 in b1  -> crash before its effect
< B delete b1 in b1

! B: crash before
> unthread s
< B thread on b1: remove  -> crash before its effect
< B thread on b1: remove  (+15.0 s)

= A:
= B:
= a0: ("(notice)" of A) | a0 mirror: "(notice)"
= b0: ("(notice)" of B) | b0 mirror: "(notice)"
