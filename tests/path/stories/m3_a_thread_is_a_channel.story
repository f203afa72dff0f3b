# A thread or forum post is a channel with a parent: its starter has the id of the thread (facts 1.4, 1.9)
! linked A, B

> raw THREAD_CREATE {"id": "$post", "parent_id": "$F", "guild_id": "1", "type": 11, "name": "a post", "newly_created": true}
< nothing
$ mirror link room $post
| linked channel $post to 'room': publishes and receives, from 0.0 s on
< post notice post0

> create post post ada "the starter"
< A post a1 as "ada": "the starter"
< B post b1 as "ada": "the starter"

> create A m2 bob "a message for the thread"
< B post b2 as "bob": "a message for the thread"
< post post post1 as "bob": "a message for the thread"

> raw THREAD_UPDATE {"id": "$post", "parent_id": "$F", "guild_id": "1", "type": 11, "name": "a post", "thread_metadata": {"archived": true}}
< nothing

> raw THREAD_DELETE {"id": "$post", "parent_id": "$F", "guild_id": "1", "type": 11}
< nothing

> create A m3 bob "the thread is gone"
< B post b3 as "bob": "the thread is gone"

= A: a0 mirror: "(notice)" | a1 ada: "the starter" | m2 bob: "a message for the thread" | m3 bob: "the thread is gone"
= B: b0 mirror: "(notice)" | b1 ada: "the starter" | b2 bob: "a message for the thread" | b3 bob: "the thread is gone"
