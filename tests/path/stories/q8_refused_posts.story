# What a forum does not take is refused once, and the rest goes on
> forum A
> forum B
< nothing

! linked A, B

! B: refused A tag is required to create a forum post in this channel (40067)
> thread s in A "no tag" ada
> create s s ada "shall we?"
< B post - of a new "no tag" as "ada": "shall we?"  -> refused: A tag is required to create a forum post in this channel (40067)

? log
= declared room
= linked $A publishes receives
= linked $B publishes receives
= thread $A $s no tag
= created $A $s ada: shall we?
= receipt $B $s part 0 refused: A tag is required to create a forum post in this channel (40067)

> create s m1 bob "nowhere to be said"
< nothing

> thread t in A "plans" ada
> create t t ada "we shall"
< B post b1 of a new "plans" as "ada": "we shall"

! B: refused Invalid Form Body (50035)
> rethread t {"name": "bad name"}
< B thread on b1: show "bad name"  -> refused: Invalid Form Body (50035)

> create t m2 bob "still here"
< B post b1x0 in b1 as "bob": "still here"

> rethread t {"name": "good name"}
< B thread on b1: show "good name"

! B: missing
> create t m3 bob "somebody removed it"
< B post - in b1 as "bob": "somebody removed it"  -> missing

= A:
= B:
= a0: ("(notice)" of A) | a0 mirror: "(notice)"
= b0: ("(notice)" of B) | b0 mirror: "(notice)"
= b1: ("good name" of B) | b1 ada: "we shall" | b1x0 bob: "still here"
= s: ("no tag" of A) | s ada: "shall we?" | m1 bob: "nowhere to be said"
= t: ("good name" of A) | t ada: "we shall" | m2 bob: "still here" | m3 bob: "somebody removed it"
