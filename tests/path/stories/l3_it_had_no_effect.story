# The answer is lost and it had no effect: believed only after W and two reads that show an anchor, then posted once
! linked A, B, C
! B: lost, no effect

> create A m1 ada "one"
> create A m2 ada "two"
< B post - as "ada": "one"  -> lost: it had no effect
< B post b1 as "ada": "one"  (+18.7 s)
< B post b2 as "ada": "two"  (+18.7 s)
< C post c1 as "ada": "one"
< C post c2 as "ada": "two"

= A: a0 mirror: "(notice)" | m1 ada: "one" | m2 ada: "two"
= B: b0 mirror: "(notice)" | b1 ada: "one" | b2 ada: "two"
= C: c0 mirror: "(notice)" | c1 ada: "one" | c2 ada: "two"
