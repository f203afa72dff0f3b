# The answer to a deferred interaction: created empty and loading, filled in by an update without an edit
! linked A, B

> create A m1 clock "" {"type": 20, "flags": 128, "author": {"id": "$clock", "username": "clock", "bot": true}, "application_id": "77", "webhook_id": "77"}
< B post b1 as "clock": "-# a message that can only be seen at its place · [original](https://discord.com/channels/1/$A/$m1)"

> update m1 {"content": "It is noon.", "flags": 0}
< B edit b1: "It is noon."

# nothing more was said: only the flags moved
> update m1 {"content": "It is noon.", "flags": 4}
< nothing

= A: a0 mirror: "(notice)" | m1 clock: "It is noon."
= B: b0 mirror: "(notice)" | b1 clock: "It is noon."
