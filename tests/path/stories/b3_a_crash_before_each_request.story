# The same with a crash before each request has effect: nothing is lost, nothing posted twice (DESIGN.md 12b)
! linked A, B
! B: crash before
! B: crash before
! B: crash before

> create A m1 ada "«word *900»"
< B post - as "ada": "word word word word word" … "word word word word word" (1984 characters)  -> crash before its effect
< B post - as "ada": "word word word word word" … "word word word word word" (1984 characters)  -> crash before its effect  (+18.7 s)
< B post - as "ada": "word word word word word" … "word word word word word" (1984 characters)  -> crash before its effect  (+37.5 s)
< B post b1 as "ada": "word word word word word" … "word word word word word" (1984 characters)  (+56.2 s)
< B post b2 as "ada": "word word word word word" … "word word word word word" (1984 characters)  (+56.2 s)
< B post b3 as "ada": "word word word word word" … "word word word word word" (529 characters)  (+56.2 s)

! B: crash before
! B: crash before
> edit m1 "short" at 100
< B edit b1: "short"  -> crash before its effect
< B edit b1: "short"  -> crash before its effect  (+15.0 s)
< B edit b1: "short"  (+30.0 s)
< B delete b3  (+30.0 s)
< B delete b2  (+30.0 s)

! B: crash before
> delete m1
< B delete b1  -> crash before its effect
< B delete b1

= A: a0 mirror: "(notice)"
= B: b0 mirror: "(notice)"
