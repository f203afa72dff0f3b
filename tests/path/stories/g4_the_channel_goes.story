# A linked channel or thread is deleted: its link is cut, with no word about its messages (facts 1.3)
! linked A, B, C

> create A m1 ada "one"
< B post b1 as "ada": "one"
< C post c1 as "ada": "one"

> raw CHANNEL_DELETE {"id": "$B", "guild_id": "1", "type": 0}
< nothing

> raw THREAD_DELETE {"id": "$C", "guild_id": "1", "parent_id": "$Q", "type": 11}
< nothing

> edit m1 "one, changed"
> create A m2 ada "two"
< nothing

# one that is not linked, under one that is
> raw THREAD_DELETE {"id": "1100000000000000999", "guild_id": "1", "parent_id": "$A", "type": 11}
< nothing

$ mirror mirrors
| room  00000000-0000-0000-0000-000000000001  build 0
|   $A  guild 1  publishes and receives  from 0.0 s on
|   $B  guild 1  cut
|   $C  guild 1  cut
< nothing
? log
= declared room
= linked $A publishes receives
= linked $B publishes receives
= linked $C publishes receives
= created $A $m1 ada: one
= receipt $B $m1 copy $b1 part 0 shows 0.0 s
= receipt $C $m1 copy $c1 part 0 shows 0.0 s
= cut $B
= cut $C
= edited $A $m1 one, changed
= refreshed $A $m1 0 embeds, flags 0
= created $A $m2 ada: two
= thread $A 1100000000000000999 deleted

= A: a0 mirror: "(notice)" | m1 ada: "one, changed" | m2 ada: "two"
= B: b0 mirror: "(notice)" | b1 ada: "one"
