# 4,500 characters in three parts, edited to one, then to two: an edit never creates (DESIGN.md 12b)
! linked A, B

> create A m1 ada "«word *900»"
< B post b1 as "ada": "word word word word word" … "word word word word word" (1984 characters)
< B post b2 as "ada": "word word word word word" … "word word word word word" (1984 characters)
< B post b3 as "ada": "word word word word word" … "word word word word word" (529 characters)

> edit m1 "short" at 10
< B edit b1: "short"
< B delete b3
< B delete b2

> edit m1 "«again *500»" at 20
< B edit b1: "again again again again " … "in again\",\"type\":\"rich\"}" (3039 characters)

> delete m1
< B delete b1

= A: a0 mirror: "(notice)"
= B: b0 mirror: "(notice)"
