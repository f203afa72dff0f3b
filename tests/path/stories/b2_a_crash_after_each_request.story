# The same with a crash after each request: every copy once (DESIGN.md 12b)
! linked A, B
! B: crash after
! B: crash after
! B: crash after

> create A m1 ada "«word *900»"
< B post b1 as "ada": "word word word word word" … "word word word word word" (1984 characters)  -> crash after its effect
< B post b2 as "ada": "word word word word word" … "word word word word word" (1984 characters)  -> crash after its effect
< B post b3 as "ada": "word word word word word" … "word word word word word" (529 characters)  -> crash after its effect

! B: crash after
! B: crash after
! B: crash after
> edit m1 "short" at 100
< B edit b1: "short"  -> crash after its effect
< B edit b1: "short"  -> crash after its effect  (+15.0 s)
< B edit b1: "short"  -> crash after its effect  (+30.0 s)
< B edit b1: "short"  (+45.0 s)
< B delete b3  (+45.0 s)
< B delete b2  (+45.0 s)

! B: crash after
! B: crash after
> edit m1 "«again *500»" at 200
< B edit b1: "again again again again " … "in again\",\"type\":\"rich\"}" (3039 characters)  -> crash after its effect
< B edit b1: "again again again again " … "in again\",\"type\":\"rich\"}" (3039 characters)  -> crash after its effect  (+15.0 s)
< B edit b1: "again again again again " … "in again\",\"type\":\"rich\"}" (3039 characters)  (+30.0 s)

! B: crash after
> delete m1
< B delete b1  -> crash after its effect
< B delete b1  -> missing

= A: a0 mirror: "(notice)"
= B: b0 mirror: "(notice)"
