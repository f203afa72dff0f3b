# A copy keeps the name and picture it was sent with: a webhook cannot change them on an edit (facts 1.6)
! linked A, B

> create A m1 ada "hello"
< B post b1 as "ada": "hello"

> edit m1 "hello!" {"author": {"id": "$ada", "username": "ada", "global_name": "Ada the Great", "avatar": "abc"}}
< B edit b1: "hello!"

> create A m2 ada "and now?" {"author": {"id": "$ada", "username": "ada", "global_name": "Ada the Great", "avatar": "abc"}}
< B post b2 as "Ada the Great": "and now?"

= A: a0 mirror: "(notice)" | m1 ada: "hello!" | m2 ada: "and now?"
= B: b0 mirror: "(notice)" | b1 ada: "hello!" | b2 Ada the Great: "and now?"
