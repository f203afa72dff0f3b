# A first message of several parts, and of none that is known: the post is made once, the rest goes into it
> forum A
> forum B
< nothing

! linked A, B

> thread s in A "long" ada
> create s s ada "«word *900»"
< B post b1 of a new "long" as "ada": "word word word word word" … "word word word word word" (1984 characters)
< B post b1x0 in b1 as "ada": "word word word word word" … "word word word word word" (1984 characters)
< B post b1x1 in b1 as "ada": "word word word word word" … "word word word word word" (529 characters)

> edit s "short"
< B edit b1 in b1: "short"
< B delete b1x1 in b1
< B delete b1x0 in b1

# Nobody says what it is called: as it begins.
> raw THREAD_CREATE {"id": "$t", "guild_id": "1", "parent_id": "$A", "type": 11}
> create t t ada "how about\nthis?"
< B post b2 of a new "how about" as "ada": "how about\nthis?"  (+2.0 s)

> thread t in A "named at last" ada
< B thread on b2: show "named at last"

# No frame told of it: Discord does.
! unheard thread u in A "untold" ada
> create u u ada "hello"
< B post b3 of a new "untold" as "ada": "hello"

= A:
= B:
= a0: ("(notice)" of A) | a0 mirror: "(notice)"
= b0: ("(notice)" of B) | b0 mirror: "(notice)"
= b1: ("long" of B) | b1 ada: "short"
= b2: ("named at last" of B) | b2 ada: "how about\nthis?"
= b3: ("untold" of B) | b3 ada: "hello"
= s: ("long" of A) | s ada: "short"
= t: ("named at last" of A) | t ada: "how about\nthis?"
= u: ("untold" of A) | u ada: "hello"
