# A message that is deleted before it is sent is never sent
! linked A, B

> create A m1 ada "never mind"
> delete m1
< nothing

# also where the deletion comes first
> delete m2 in A
< nothing

> create A m2 ada "out of order"
< nothing

# and where it comes while Discord asks to wait
! B: wait 5000
! within 1
> create A m3 ada "too late"
< B post - as "ada": "too late"  -> wait 5000 ms
= B waits: Discord asked to wait

> delete m3
< nothing

= A: a0 mirror: "(notice)" | m2 ada: "out of order"
= B: b0 mirror: "(notice)"
