# Names that Discord refuses for a webhook are bent as little as possible (facts 1.6)
! linked A, B

> create A m1 clyde "one"
> create A m2 everyone "two"
> create A m3 here "three"
> create A m4 u4 "four" {"author": {"id": "$u4", "username": "u4", "global_name": "My DisCord Fan"}}
> create A m5 u5 "five" {"author": {"id": "$u5", "username": "u5", "global_name": "   "}}
> create A m6 u6 "six" {"author": {"id": "$u6", "username": "u6", "global_name": "a name of exactly one hundred characters that goes on and on and on, until the hundred are full, at it"}}
> create A m7 u7 "seven" {"author": {"id": "$u7", "username": "u7", "global_name": "global"}, "member": {"nick": "nick"}}
> create A m8 u8 "eight" {"author": {"id": "$u8", "username": "plain", "global_name": null}}
< B post b1 as "c\u{200a}lyde": "one"
< B post b2 as "e\u{200a}veryone": "two"
< B post b3 as "h\u{200a}ere": "three"
< B post b4 as "My D\u{200a}isCord Fan": "four"
< B post b5 as "user 0013": "five"
< B post b6 as "a name of exactly one hundred characters that goes on and on and on, until the h": "six"
< B post b7 as "nick": "seven"
< B post b8 as "plain": "eight"

= A: a0 mirror: "(notice)" | m1 clyde: "one" | m2 everyone: "two" | m3 here: "three" | m4 u4: "four" | m5 u5: "five" | m6 u6: "six" | m7 u7: "seven" | m8 plain: "eight"
= B: b0 mirror: "(notice)" | b1 c lyde: "one" | b2 e veryone: "two" | b3 h ere: "three" | b4 My D isCord Fan: "four" | b5 user 0013: "five" | b6 a name of exactly one hundred characters that goes on and on and on, until the h: "six" | b7 nick: "seven" | b8 plain: "eight"
