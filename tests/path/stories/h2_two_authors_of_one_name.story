# Two authors of one name stay apart: the later one is shown with the user name too
! linked A, B

> create A m1 ada "the first ada" {"author": {"id": "$ada", "username": "ada.l", "global_name": "Ada"}}
< B post b1 as "Ada": "the first ada"

> create A m2 eve "the second" {"author": {"id": "$eve", "username": "eve", "global_name": "Ada"}}
< B post b2 as "Ada (eve)": "the second"

> create A m3 ada "the first again" {"author": {"id": "$ada", "username": "ada.l", "global_name": "Ada"}}
< B post b3 as "Ada": "the first again"

# a webhook can call itself anything
> create A m4 hook "a third" {"webhook_id": "$hook", "author": {"id": "$hook", "username": "Ada", "bot": true}}
< B post b4 as "Ada · 0013": "a third"

= A: a0 mirror: "(notice)" | m1 ada.l: "the first ada" | m2 eve: "the second" | m3 ada.l: "the first again" | m4 Ada: "a third"
= B: b0 mirror: "(notice)" | b1 Ada: "the first ada" | b2 Ada (eve): "the second" | b3 Ada: "the first again" | b4 Ada · 0013: "a third"
