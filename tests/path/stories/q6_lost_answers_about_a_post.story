# Lost answers about posts: the echo tells, or the list of posts does, or it had no effect, or that comes too late
> forum A
> forum B
< nothing

! linked A, B

! B: lost, with effect
> thread s in A "one" ada
> create s s ada "first"
< B post b1 of a new "one" as "ada": "first"  -> lost: it had effect

! echoes stop
! B: lost, with effect
> thread t in A "two" ada
> create t t ada "second"
< B post b2 of a new "two" as "ada": "second"  -> lost: it had effect

! B: lost, no effect
> thread u in A "three" ada
> create u u ada "third"
< B post - of a new "three" as "ada": "third"  -> lost: it had no effect
< B post b3 of a new "three" as "ada": "third"  (+18.7 s)

! echoes go on
! B: late 25
> thread v in A "four" ada
> create v v ada "fourth"
< B post - of a new "four" as "ada": "fourth"  -> lost: its effect comes late
< B post b4 of a new "four" as "ada": "fourth"  (+18.7 s)
< B post b5 of a new "four" as "ada": "fourth"  (late effect)  (+25.0 s)
< B delete b5  (+25.0 s)

! B: lost, with effect
> create s m1 bob "within"
< B post b1x0 in b1 as "bob": "within"  -> lost: it had effect

! B: history hidden
! B: lost, no effect
! within 60
> thread w in A "five" ada
> create w w ada "fifth"
< B post - of a new "five" as "ada": "fifth"  -> lost: it had no effect
< B notice b4  (+15.0 s)
= B waits: history shows none of the last known messages of this channel, so nothing can be concluded from it: is READ_MESSAGE_HISTORY missing?

! B: history shown
! pass 30
< B post b6 of a new "five" as "ada": "fifth"

= A:
= B:
= a0: ("(notice)" of A) | a0 mirror: "(notice)"
= b0: ("(notice)" of B) | b0 mirror: "(notice)"
= b1: ("one" of B) | b1 ada: "first" | b1x0 bob: "within"
= b2: ("two" of B) | b2 ada: "second"
= b3: ("three" of B) | b3 ada: "third"
= b4: ("four" of B) | b4 ada: "fourth"
= b6: ("five" of B) | b6 ada: "fifth"
= s: ("one" of A) | s ada: "first" | m1 bob: "within"
= t: ("two" of A) | t ada: "second"
= u: ("three" of A) | u ada: "third"
= v: ("four" of A) | v ada: "fourth"
= w: ("five" of A) | w ada: "fifth"
