# The same without an echo: history shows an unclaimed message of ours behind the last one, and that is it
! linked A, B
! echoes stop
! B: lost, with effect

> create A m1 ada "one"
> create A m2 ada "two"
< B post b1 as "ada": "one"  -> lost: it had effect
< B post b2 as "ada": "two"

# others speak between
! B: lost, with effect
> create B m3 bob "me"
> create A m4 ada "four"
< A post a1 as "bob": "me"
< B post b3 as "ada": "four"  -> lost: it had effect

> edit m4 "four, changed"
< B edit b3: "four, changed"

= A: a0 mirror: "(notice)" | m1 ada: "one" | m2 ada: "two" | m4 ada: "four, changed" | a1 bob: "me"
= B: b0 mirror: "(notice)" | b1 ada: "one" | b2 ada: "two" | m3 bob: "me" | b3 ada: "four, changed"
