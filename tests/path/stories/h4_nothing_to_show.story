# Discord takes no empty message: what has no text gets a line with a link; system messages are not mirrored (facts 1.4)
! linked A, B

> create A m1 ada ""
< B post b1 as "ada": "-# a message that can only be seen at its place · [original](https://discord.com/channels/1/$A/$m1)"

# components v2 replace content and embeds
> create A m2 cat "" {"flags": 32768, "components": [{"type": 10, "content": "hi"}], "author": {"id": "$cat", "username": "cat", "bot": true}}
< B post b2 as "cat": "-# a message that can only be seen at its place · [original](https://discord.com/channels/1/$A/$m2)"

# only one user sees it
> create A m3 cat "psst" {"flags": 64, "author": {"id": "$cat", "username": "cat", "bot": true}}
< nothing

# joined, boosted, pinned, a thread's starter, and a type that nobody knows yet
> create A m4 ada "" {"type": 7}
> create A m5 ada "3" {"type": 8}
> create A m6 ada "" {"type": 6}
> create A m7 ada "" {"type": 21}
> create A m8 ada "?" {"type": 999}
< nothing

# its text is taken away, and comes back
> create A m9 ada "text" {"attachments": [{"id": "1", "filename": "a.png", "url": "https://cdn.discordapp.com/a.png", "size": 5}]}
< B post b3 as "ada": "text\n[a.png](https://cdn.discordapp.com/a.png)"

> edit m9 "" {"attachments": []}
< B edit b3: "-# a message that can only be seen at its place · [original](https://discord.com/channels/1/$A/$m9)"

> edit m9 "text again"
< B edit b3: "text again"

= A: a0 mirror: "(notice)" | m1 ada: "" | m2 cat: "" | m3 cat: "psst" | m4 ada: "" | m5 ada: "3" | m6 ada: "" | m7 ada: "" | m8 ada: "?" | m9 ada: "text again"
= B: b0 mirror: "(notice)" | b1 ada: "-# a message that can only be seen at its place · [original](https://discord.com/channels/1/$A/$m1)" | b2 cat: "-# a message that can only be seen at its place · [original](https://discord.com/channels/1/$A/$m2)" | b3 ada: "text again"
