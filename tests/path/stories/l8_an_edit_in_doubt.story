# The answer to an edit is lost: after W it is written again from the latest state, for a late one could overtake a newer
! linked A, B

> create A m1 ada "one"
< B post b1 as "ada": "one"

! B: lost, no effect
> edit m1 "two"
< B edit b1: "two"  -> lost: it had no effect
< B edit b1: "two"  (+15.0 s)

! B: late 5
! within 1
> edit m1 "three"
< B edit b1: "three"  -> lost: its effect comes late
= B waits: an edit may still take effect

> edit m1 "four"
< B edit b1: "three"  (late effect)  (+3.9 s)
< B edit b1: "four"  (+13.9 s)

# the text goes back meanwhile: written all the same, for nobody knows what the copy shows
! B: lost, with effect
! within 1
> edit m1 "five"
< B edit b1: "five"  -> lost: it had effect
= B waits: an edit may still take effect

> edit m1 "four"
< B edit b1: "four"  (+13.9 s)

= A: a0 mirror: "(notice)" | m1 ada: "four"
= B: b0 mirror: "(notice)" | b1 ada: "four"
