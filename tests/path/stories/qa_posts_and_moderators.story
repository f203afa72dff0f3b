# Moderators of a forum remove a copy, or a post of ours: it stays removed; a purge removes what is left
> forum A
> forum B
> forum C
< nothing

! linked A, B, C

> thread s in A "plans" ada
> create s s ada "shall we?"
> create s m1 bob "on friday"
< B post b1 of a new "plans" as "ada": "shall we?"
< B post b1x0 in b1 as "bob": "on friday"
< C post c1 of a new "plans" as "ada": "shall we?"
< C post c1x0 in c1 as "bob": "on friday"

> delete b1 in b1
< nothing

> edit s "shall we not?"
< C edit c1 in c1: "shall we not?"

> raw THREAD_DELETE {"id": "$c1", "guild_id": "1", "parent_id": "$C", "type": 11}
< nothing

> create s m2 bob "or not"
< B post b1x1 in b1 as "bob": "or not"

$ mirror ban $ada --mirror room --purge
| banned user $ada from 'room'; copies of earlier messages are removed
< C delete c1 in c1  -> missing

> thread t in A "more plans" bob
> create t t bob "shall we?"
> create t m3 bob "on sunday"
< B post b2 of a new "more plans" as "bob": "shall we?"
< B post b2x0 in b2 as "bob": "on sunday"
< C post c2 of a new "more plans" as "bob": "shall we?"
< C post c2x0 in c2 as "bob": "on sunday"

# A restore puts back what moderators removed: in a post of its own.
> raw THREAD_DELETE {"id": "$b2", "guild_id": "1", "parent_id": "$B", "type": 11}
> bulk b2 b2x0 {"channel_id": "$B"}
< nothing

$ mirror replay --mirror room --apply --restore --yes
| 'room' owes, what others removed too:
|   $A  +0 post  ~0 edit  -0 delete
|   $B  +2 post  ~0 edit  -0 delete
|   $C  +0 post  ~0 edit  -0 delete
| 2 requests, about 0 s under Discord's limits
| the lanes work at it: `mirror status`
< B post b3 of a new "more plans" as "bob": "shall we?"
< B post b3x0 in b3 as "bob": "on sunday"

> edit t "well?"
< B edit b3 in b3: "well?"
< C edit c2 in c2: "well?"

> create t m4 bob "hello?"
< B post b3x1 in b3 as "bob": "hello?"
< C post c2x1 in c2 as "bob": "hello?"

= A:
= B:
= C:
= a0: ("(notice)" of A) | a0 mirror: "(notice)"
= b0: ("(notice)" of B) | b0 mirror: "(notice)"
= b1: ("plans" of B) | b1x0 bob: "on friday" | b1x1 bob: "or not"
= b3: ("more plans" of B) | b3 bob: "well?" | b3x0 bob: "on sunday" | b3x1 bob: "hello?"
= c0: ("(notice)" of C) | c0 mirror: "(notice)"
= c1:
= c2: ("more plans" of C) | c2 bob: "well?" | c2x0 bob: "on sunday" | c2x1 bob: "hello?"
= s: ("plans" of A) | s ada: "shall we not?" | m1 bob: "on friday" | m2 bob: "or not"
= t: ("more plans" of A) | t bob: "well?" | m3 bob: "on sunday" | m4 bob: "hello?"
