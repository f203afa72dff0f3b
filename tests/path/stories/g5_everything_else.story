# Reactions, polls and threads of a linked channel are kept and change nothing; typing is noise; secrets never reach the log (facts 1.3)
! linked A, B

> create A m1 ada "hello"
< B post b1 as "ada": "hello"

> raw MESSAGE_REACTION_ADD {"user_id": "7", "channel_id": "$A", "message_id": "$m1", "guild_id": "1", "emoji": {"id": null, "name": "x"}, "burst": false, "type": 0}
> raw MESSAGE_REACTION_REMOVE_ALL {"channel_id": "$A", "message_id": "$m1", "guild_id": "1"}
> raw TYPING_START {"channel_id": "$A", "user_id": "7", "timestamp": 1}
> raw MESSAGE_POLL_VOTE_ADD {"channel_id": "$A", "message_id": "$m1", "user_id": "7", "answer_id": 1}
> raw THREAD_CREATE {"id": "1100000000000000999", "parent_id": "$A", "guild_id": "1", "type": 11, "name": "aside", "newly_created": true}
> raw WEBHOOKS_UPDATE {"guild_id": "1", "channel_id": "$A"}
> raw INTERACTION_CREATE {"id": "1", "token": "secret", "channel_id": "$A"}
> raw VOICE_STATE_UPDATE {"channel_id": "$A", "session_id": "secret"}
> raw PRESENCE_UPDATE {"user": {"id": "7"}, "guild_id": "1"}
> raw SOMETHING_NEW {"channel_id": "$A", "what": 1}
> raw MESSAGE_REACTION_ADD {"user_id": "7", "channel_id": "1100000000000000777", "message_id": "8"}
< nothing

? log
= declared room
= linked $A publishes receives
= linked $B publishes receives
= created $A $m1 ada: hello
= receipt $B $m1 copy $b1 part 0 shows 0.0 s
= other $A $m1 MESSAGE_REACTION_ADD
= other $A $m1 MESSAGE_REACTION_REMOVE_ALL
= other $A $m1 MESSAGE_POLL_VOTE_ADD
= other $A THREAD_CREATE
= other $A WEBHOOKS_UPDATE
= other $A SOMETHING_NEW

= A: a0 mirror: "(notice)" | m1 ada: "hello"
= B: b0 mirror: "(notice)" | b1 ada: "hello"
