# A forward has no author and cannot be forwarded by a webhook: it is quoted; a poll is written out; a crosspost is no reply (facts 1.4, 1.6)
! linked A, B

> create A m1 ada "" {"message_reference": {"type": 1, "message_id": "5", "channel_id": "6"}, "message_snapshots": [{"message": {"type": 0, "content": "what was said <@$bob>", "attachments": [], "embeds": [], "mentions": [{"id": "$bob", "username": "bob"}]}}]}
< B post b1 as "ada": "↪ *Forwarded*\n>>> what was said @bob"

> create A m2 ada "" {"poll": {"question": {"text": "Tea?"}, "answers": [{"answer_id": 1, "poll_media": {"text": "Yes"}}, {"answer_id": 2, "poll_media": {"emoji": {"name": "x"}}}], "expiry": null, "allow_multiselect": false}}
< B post b2 as "ada": "📊 **Tea?**\n- Yes\n- x"

> create A m3 news "published elsewhere" {"flags": 2, "webhook_id": "$news", "author": {"id": "$news", "username": "News #main", "bot": true}, "message_reference": {"type": 0, "message_id": "7", "channel_id": "8", "guild_id": "9"}}
< B post b3 as "News #main": "published elsewhere"

# the poll's end is a system message
> create A m4 ada "" {"type": 46, "embeds": [{"type": "poll_result"}]}
< nothing

= A: a0 mirror: "(notice)" | m1 ada: "" | m2 ada: "" | m3 News #main: "published elsewhere" | m4 ada: ""
= B: b0 mirror: "(notice)" | b1 ada: "↪ *Forwarded*\n>>> what was said @bob" | b2 ada: "📊 **Tea?**\n- Yes\n- x" | b3 News #main: "published elsewhere"
