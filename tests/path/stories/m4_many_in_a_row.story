# Copies are in the order of the log, whatever goes wrong between (DESIGN.md 7)
! linked A, B, C
! B: yes
! B: wait 1500
! B: lost, no effect
! C: crash after
! C: refused automod

> create A m1 ada "1"
> create A m2 bob "2"
> create B m3 cy "3"
> create A m4 ada "4"
> create C m5 bob "5"
> create A m6 cy "6"
> edit m2 "2, changed" at 0.5
> delete m4
< A post a1 as "cy": "3"
< A post a2 as "bob": "5"
< B post b1 as "ada": "1"
< B post - as "bob": "2, changed"  -> wait 1500 ms
< B post - as "bob": "2, changed"  -> lost: it had no effect  (+18.7 s)
< B post b2 as "bob": "2, changed"  (+37.5 s)
< B post b3 as "bob": "5"  (+37.5 s)
< B post b4 as "cy": "6"  (+37.5 s)
< C post c1 as "ada": "1"  -> crash after its effect
< C post - as "bob": "2, changed"  -> refused: automod
< C post c2 as "cy": "3"
< C post c3 as "cy": "6"

= A: a0 mirror: "(notice)" | m1 ada: "1" | m2 bob: "2, changed" | m6 cy: "6" | a1 cy: "3" | a2 bob: "5"
= B: b0 mirror: "(notice)" | m3 cy: "3" | b1 ada: "1" | b2 bob: "2, changed" | b3 bob: "5" | b4 cy: "6"
= C: c0 mirror: "(notice)" | m5 bob: "5" | c1 ada: "1" | c2 cy: "3" | c3 cy: "6"
