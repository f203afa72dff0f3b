# Where the copy or the thread was removed by others, or a thread cannot be made
! linked A, B

> create A s ada "shall we?"
< B post b1 as "ada": "shall we?"

> delete b1
< nothing

> thread s in A "plans" ada
< nothing

> create s m1 bob "on friday"
< B post b2 as "bob": "-# 🧵 plans\non friday"

> edit m1 "on saturday"
< B edit b2: "-# 🧵 plans\non saturday"

> create A s2 ada "shall we now?"
< B post b3 as "ada": "shall we now?"

! B: refused Maximum number of active threads reached
> thread s2 in A "more plans" ada
< B thread on b3: open "more plans"  -> refused: Maximum number of active threads reached

> create s2 m2 bob "here"
< B post b4 as "bob": "-# 🧵 more plans\nhere"

> create A s3 ada "and now?"
< B post b5 as "ada": "and now?"

> thread s3 in A "the last plans" ada
< B thread on b5: open "the last plans"

> raw THREAD_DELETE {"id": "$b5", "parent_id": "$B", "guild_id": "1", "type": 11}
< nothing

> create s3 m3 bob "nobody sees this in B"
< nothing

= A: a0 mirror: "(notice)" | s ada: "shall we?" | s2 ada: "shall we now?" | s3 ada: "and now?"
= B: b0 mirror: "(notice)" | b2 bob: "-# 🧵 plans\non saturday" | b3 ada: "shall we now?" | b4 bob: "-# 🧵 more plans\nhere" | b5 ada: "and now?"
= s: ("plans" of A) | m1 bob: "on saturday"
= s2: ("more plans" of A) | m2 bob: "here"
= s3: ("the last plans" of A) | m3 bob: "nobody sees this in B"
