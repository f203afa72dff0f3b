# A delete that is refused or not allowed holds the lane, for the copy must go; after the release it is asked again
! linked A, B

> create A m1 ada "one"
> create A m2 ada "two"
< B post b1 as "ada": "one"
< B post b2 as "ada": "two"

! B: refused 50021 cannot execute on a system message
> delete m1
< B delete b1  -> refused: 50021 cannot execute on a system message
= B is held: 50021 cannot execute on a system message

! B: dead 50001 missing access
$ mirror release room $B
| the lane goes on
< B delete b1  -> dead: 50001 missing access
= B is held: 50001 missing access

> create A m3 ada "three"
< nothing

$ mirror release room $B
| the lane goes on
< B delete b1
< B post b3 as "ada": "three"

= A: a0 mirror: "(notice)" | m2 ada: "two" | m3 ada: "three"
= B: b0 mirror: "(notice)" | b2 ada: "two" | b3 ada: "three"
