# A node that has not used the webhook yet takes our post for people's own: nobody follows it
> forum A bug idea
> forum B idea
> forum C bug idea
< nothing

! linked A, B, C

> thread s in A "plans" ada {"applied_tags": ["$bugA", "$ideaA"]}
> create s s ada "shall we?"
< B post b1 of a new "plans" #bug #idea as "ada": "shall we?"
< C post c1 of a new "plans" #bug #idea as "ada": "shall we?"

> thread b1 in B "plans" stranger {"applied_tags": ["$ideaB"]}
< nothing

> rethread b1 {"name": "by a moderator"}
< nothing

> create b1 m1 bob "said in a copy"
< A post sx0 in s as "bob": "said in a copy"
< C post c1x0 in c1 as "bob": "said in a copy"

> rethread s {"name": "the plan"}
< B thread on b1: show "the plan" #bug #idea
< C thread on c1: show "the plan" #bug #idea

> create s m2 ada "and here"
< B post b1x0 in b1 as "ada": "and here"
< C post c1x1 in c1 as "ada": "and here"

= A:
= B:
= C:
= a0: ("(notice)" of A) | a0 mirror: "(notice)"
= b0: ("(notice)" of B) | b0 mirror: "(notice)"
= b1: ("the plan" of B #idea) | b1 ada: "shall we?" | m1 bob: "said in a copy" | b1x0 ada: "and here"
= c0: ("(notice)" of C) | c0 mirror: "(notice)"
= c1: ("the plan" of C #bug #idea) | c1 ada: "shall we?" | c1x0 bob: "said in a copy" | c1x1 ada: "and here"
= s: ("the plan" of A) | s ada: "shall we?" | sx0 bob: "said in a copy" | m2 ada: "and here"
