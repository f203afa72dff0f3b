# The bot receives its own copies: no event, no request; also where only their application tells (facts 1.3)
! linked A, B

> create A m1 ada "hello"
< B post b1 as "ada": "hello"

> edit m1 "hello!"
< B edit b1: "hello!"

# a webhook of ours that this node has not used yet
> create B x1 ada "hello" {"webhook_id": "5", "application_id": "900000000000000001", "author": {"id": "5", "username": "ada", "bot": true}}
< nothing

# the bot itself
> create B x2 mirror "linked" {"author": {"id": "900000000000000001", "username": "mirror", "bot": true}}
< nothing

> update b1 {"channel_id": "$B", "webhook_id": "$hookB", "application_id": "900000000000000001", "content": "hello!", "embeds": [{"type": "article"}]}
< nothing

? log
= declared room
= linked $A publishes receives
= linked $B publishes receives
= created $A $m1 ada: hello
= receipt $B $m1 copy $b1 part 0 shows 0.0 s
= edited $A $m1 hello!
= refreshed $A $m1 0 embeds, flags 0
= receipt $B $m1 copy $b1 part 0 shows 0.0 s

= A: a0 mirror: "(notice)" | m1 ada: "hello!"
= B: b0 mirror: "(notice)" | b1 ada: "hello!" | x1 ada: "hello" | x2 mirror: "linked"
