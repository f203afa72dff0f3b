# A forum is mirrored with forums alone
> forum A
> forum B
< nothing

$ mirror link room $A
| mirror 'room' is new
| linked channel $A to 'room': publishes and receives, from 0.0 s on
< A notice a0
$ mirror link room $C
| wrong: channel $C is no forum, and $A in 'room' is one: forums are mirrored with forums alone
< nothing
$ mirror link other $C
| mirror 'other' is new
| linked channel $C to 'other': publishes and receives, from 0.0 s on
< C notice c0
$ mirror link other $B
| wrong: channel $B is a forum, and $C in 'other' is none: forums are mirrored with forums alone
< nothing
$ mirror link other $D --forum
| wrong: channel $D is not a forum: leave out --forum
< nothing
$ mirror link room $B
| linked channel $B to 'room': publishes and receives, from 0.0 s on
< B notice b0

= A:
= B:
= C: c0 mirror: "(notice)"
= a0: ("(notice)" of A) | a0 mirror: "(notice)"
= b0: ("(notice)" of B) | b0 mirror: "(notice)"
