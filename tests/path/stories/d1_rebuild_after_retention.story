# A rebuild from an offset whose half the retention took: refused with the floor's name; a repair is possible (DESIGN.md 12d)
! linked A, B

> create A m1 ada "one"
> create A m2 ada "two"
> edit m1 "one, changed"
< B post b1 as "ada": "one, changed"
< B post b2 as "ada": "two"

! trim 5
$ mirror replay --mirror room --from 0
| wrong: the log begins at offset 5; what lay before it has been removed: start at 5 or later, or leave --from out
< nothing
$ mirror replay --mirror room --from 5
| wrong: the log no longer holds the beginning of 'room': its first event there, at offset 5, is not its declaration. An empty base would lose what came before; `--base live` repairs the views in use instead (it adds what they lack and proves nothing)
< nothing
$ mirror replay --mirror room --from 5 --base live
| joined 4 events of 'room', offsets 5 to 9 into build 0: 9 cells. A repair proves nothing
< nothing

> create A m3 ada "three"
> edit m2 "two, changed"
< B post b3 as "ada": "three"
< B edit b2: "two, changed"

$ mirror replay --mirror room --apply --dry-run
| wrong: the log no longer holds the beginning of 'room', so its views may not know every copy, and what is not known would be posted twice: nothing was applied
< nothing

= A: a0 mirror: "(notice)" | m1 ada: "one, changed" | m2 ada: "two, changed" | m3 ada: "three"
= B: b0 mirror: "(notice)" | b1 ada: "one, changed" | b2 ada: "two, changed" | b3 ada: "three"
= the log no longer holds the beginning of 'room', so its views may not know every copy, and what is not known would be posted twice: nothing was applied
