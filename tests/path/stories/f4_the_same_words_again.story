# A PATCH with the same content moves edited_timestamp: no request, for the copy shows it already (facts 1.3, I#4506)
! linked A, B

> create A m1 ada "hello"
< B post b1 as "ada": "hello"

> edit m1 "hello" at 3
< nothing

# and a change right after it is one
> edit m1 "hello!" at 4
< B edit b1: "hello!"

= A: a0 mirror: "(notice)" | m1 ada: "hello!"
= B: b0 mirror: "(notice)" | b1 ada: "hello!"
