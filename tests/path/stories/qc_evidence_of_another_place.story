# A post that comes after W, unheard, is no evidence of what was said within another: that is found where it was posted
> forum A
> forum B
< nothing

! linked A, B

> thread s in A "one" ada
> create s s ada "first"
< B post b1 of a new "one" as "ada": "first"

! echoes stop
! B: late 40
> thread v in A "two" ada
> create v v ada "second"
< B post - of a new "two" as "ada": "second"  -> lost: its effect comes late
< B post b2 of a new "two" as "ada": "second"  (+18.7 s)
< B post b3 of a new "two" as "ada": "second"  (late effect)  (+40.0 s)

! echoes go on
! B: lost, with effect
> create s m1 bob "within"
< B post b1x0 in b1 as "bob": "within"  -> lost: it had effect
= B cannot explain $b3

> edit m1 "within the first"
< B edit b1x0 in b1: "within the first"

= A:
= B:
= a0: ("(notice)" of A) | a0 mirror: "(notice)"
= b0: ("(notice)" of B) | b0 mirror: "(notice)"
= b1: ("one" of B) | b1 ada: "first" | b1x0 bob: "within the first"
= b2: ("two" of B) | b2 ada: "second"
= b3: ("two" of B) | b3 ada: "second"
= s: ("one" of A) | s ada: "first" | m1 bob: "within the first"
= v: ("two" of A) | v ada: "second"
