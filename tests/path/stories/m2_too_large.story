# An event larger than 256 KiB is put aside, and the rest goes on (DESIGN.md 4)
! linked A, B

> create A m1 ada "before"
> create A m2 ada "huge" {"nonce": "«0123456789abcdef*20000»"}
> create A m3 ada "after"
< B post b1 as "ada": "before"
< B post b2 as "ada": "after"
= put aside: the event takes 320528 bytes, more than an event may (message $m2, 320398 bytes)

= A: a0 mirror: "(notice)" | m1 ada: "before" | m2 ada: "huge" | m3 ada: "after"
= B: b0 mirror: "(notice)" | b1 ada: "before" | b2 ada: "after"
