# The effect comes after W: the message was posted again meanwhile, and the audit removes the late one alone (DESIGN.md 7.8)
! linked A, B
! B: late 30

> create A m1 ada "one"
< B post - as "ada": "one"  -> lost: its effect comes late
< B post b1 as "ada": "one"  (+18.7 s)
< B post b2 as "ada": "one"  (late effect)  (+30.0 s)
< B delete b2  (+30.0 s)

> edit m1 "one, changed"
< B edit b1: "one, changed"

# a message of our webhook that no intent explains is reported, and never removed
> create B b9 nobody "where from?" {"webhook_id": "$hookB", "application_id": "900000000000000001", "author": {"id": "$hookB", "username": "nobody", "bot": true}}
< nothing
= B cannot explain $b9

= A: a0 mirror: "(notice)" | m1 ada: "one, changed"
= B: b0 mirror: "(notice)" | b1 ada: "one, changed" | b9 nobody: "where from?"
