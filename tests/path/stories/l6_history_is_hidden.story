# Without READ_MESSAGE_HISTORY Discord answers an empty list, not an error: the lane waits and never guesses (facts 1.5)
! linked A, B
! echoes stop
! B: history hidden
! B: lost, no effect

> create A m1 ada "one"
< B post - as "ada": "one"  -> lost: it had no effect
< B notice b1  (+15.0 s)
= B waits: history shows none of the last known messages of this channel, so nothing can be concluded from it: is READ_MESSAGE_HISTORY missing?

> create A m2 ada "two"
< nothing

! B: history shown
! pass 60
< B post b2 as "ada": "one"
< B post b3 as "ada": "two"

= A: a0 mirror: "(notice)" | m1 ada: "one" | m2 ada: "two"
= B: b0 mirror: "(notice)" | b1 mirror: "(notice)" | b2 ada: "one" | b3 ada: "two"
