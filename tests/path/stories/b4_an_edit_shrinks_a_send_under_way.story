# An edit comes while the parts are being sent: what is superfluous goes, and the number of parts is fixed then (DESIGN.md 12b)
! linked A, B
! B: yes
! B: yes
! B: wait 5000

! within 1
> create A m1 ada "«word *900»"
< B post b1 as "ada": "word word word word word" … "word word word word word" (1984 characters)
< B post b2 as "ada": "word word word word word" … "word word word word word" (1984 characters)
< B post - as "ada": "word word word word word" … "word word word word word" (529 characters)  -> wait 5000 ms
= B waits: Discord asked to wait

> edit m1 "short" at 0.5
< B delete b2  (+3.9 s)
< B edit b1: "short"  (+3.9 s)

> edit m1 "«again *500»" at 20
< B edit b1: "again again again again " … "in again\",\"type\":\"rich\"}" (3039 characters)

= A: a0 mirror: "(notice)" | m1 ada: "again again again again " … "again again again again " (3000 characters)
= B: b0 mirror: "(notice)" | b1 ada: "again again again again " … "in again\",\"type\":\"rich\"}" (3039 characters)
