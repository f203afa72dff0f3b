# A post of a forum is a post in the others, with those of its tags that they know; what is said in it is said there
> forum A bug idea
> forum B idea
> forum C
< nothing

! linked A, B, C

> thread s in A "plans" ada {"applied_tags": ["$bugA", "$ideaA"]}
> create s s ada "shall we?"
< B post b1 of a new "plans" #bug #idea as "ada": "shall we?"
< C post c1 of a new "plans" #bug #idea as "ada": "shall we?"

? log
= declared room
= linked $A publishes receives
= linked $B publishes receives
= linked $C publishes receives
= thread $A $s plans
= created $A $s ada: shall we?
= receipt $B $s post $b1 made, shows 0.0 s
= receipt $C $s post $c1 made, shows 0.0 s

> create s m1 bob "on friday"
< B post b1x0 in b1 as "bob": "on friday"
< C post c1x0 in c1 as "bob": "on friday"

> create s m2 ada "yes" {"type": 19, "message_reference": {"channel_id": "$s", "message_id": "$m1", "guild_id": "1"}}
< B post b1x1 in b1 as "ada": "-# ↩ [bob](https://discord.com/channels/1/$b1/$b1x0): on friday\nyes"
< C post c1x1 in c1 as "ada": "-# ↩ [bob](https://discord.com/channels/1/$c1/$c1x0): on friday\nyes"

> edit m1 "on saturday"
< B edit b1x0 in b1: "on saturday"
< C edit c1x0 in c1: "on saturday"

> edit s "shall we not?"
< B edit b1 in b1: "shall we not?"
< C edit c1 in c1: "shall we not?"

> delete m1 in s
< B delete b1x0 in b1
< C delete c1x0 in c1

> create b1 m3 bob "said in a copy" {"type": 19, "message_reference": {"channel_id": "$b1", "message_id": "$b1", "guild_id": "1"}}
< A post sx0 in s as "bob": "-# ↩ [ada](https://discord.com/channels/1/$s/$s): shall we not?\nsaid in a copy"
< C post c1x2 in c1 as "bob": "-# ↩ [ada](https://discord.com/channels/1/$c1/$c1): shall we not?\nsaid in a copy"

> delete s in s
< B delete b1 in b1
< C delete c1 in c1

> create s m4 bob "it was said here"
< B post b1x2 in b1 as "bob": "it was said here"
< C post c1x3 in c1 as "bob": "it was said here"

= A:
= B:
= C:
= a0: ("(notice)" of A) | a0 mirror: "(notice)"
= b0: ("(notice)" of B) | b0 mirror: "(notice)"
= b1: ("plans" of B #idea) | b1x1 ada: "-# ↩ [bob](https://discord.com/channels/1/$b1/$b1x0): on friday\nyes" | m3 bob: "said in a copy" | b1x2 bob: "it was said here"
= c0: ("(notice)" of C) | c0 mirror: "(notice)"
= c1: ("plans" of C) | c1x1 ada: "-# ↩ [bob](https://discord.com/channels/1/$c1/$c1x0): on friday\nyes" | c1x2 bob: "-# ↩ [ada](https://discord.com/channels/1/$c1/$c1): shall we not?\nsaid in a copy" | c1x3 bob: "it was said here"
= s: ("plans" of A) | m2 ada: "yes" | sx0 bob: "-# ↩ [ada](https://discord.com/channels/1/$s/$s): shall we not?\nsaid in a copy" | m4 bob: "it was said here"
