# An answer is lost while a thread is opened, written in, renamed: it is opened once, and nothing is said twice
! linked A, B

> create A s ada "shall we?"
< B post b1 as "ada": "shall we?"

! B: lost, with effect
> thread s in A "plans" ada
< B thread on b1: open "plans"  -> lost: it had effect
< B thread on b1: open "plans"  (+15.0 s)

! echoes stop
! B: lost, with effect
> create s m1 bob "on friday"
< B post b1x0 in b1 as "bob": "on friday"  -> lost: it had effect

! B: lost, no effect
> create s m2 bob "or on saturday"
< B post - in b1 as "bob": "or on saturday"  -> lost: it had no effect
< B post b1x1 in b1 as "bob": "or on saturday"  (+18.7 s)
! echoes go on

! B: late 2
> create s m3 bob "or never"
< B post - in b1 as "bob": "or never"  -> lost: its effect comes late
< B post b1x2 in b1 as "bob": "or never"  (late effect)  (+2.0 s)
< B edit b1x2 in b1: "or never"  (+2.0 s)

! B: lost, no effect
> rethread s {"name": "the plan"}
< B thread on b1: show "the plan"  -> lost: it had no effect
< B thread on b1: show "the plan"  (+15.0 s)

! B: lost, no effect
> create s m4 bob "good"
< B post - in b1 as "bob": "good"  -> lost: it had no effect
< B post b1x3 in b1 as "bob": "good"  (+18.7 s)

= A: a0 mirror: "(notice)" | s ada: "shall we?"
= B: b0 mirror: "(notice)" | b1 ada: "shall we?"
= b1: ("the plan" of B) | b1x0 bob: "on friday" | b1x1 bob: "or on saturday" | b1x2 bob: "or never" | b1x3 bob: "good"
= s: ("the plan" of A) | m1 bob: "on friday" | m2 bob: "or on saturday" | m3 bob: "or never" | m4 bob: "good"
