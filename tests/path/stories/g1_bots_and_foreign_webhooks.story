# Bots and foreign webhooks are mirrored with their own embeds; ours never are (facts 1.3)
! linked A, B

> create A m1 cat "new issue" {"author": {"id": "$cat", "username": "cat", "bot": true}, "embeds": [{"type": "rich", "title": "Issue 7", "description": "It leaks", "color": 5}]}
< B post b1 as "cat": "new issue + embed {\"color\":5,\"description\":\"It leaks\",\"title\":\"Issue 7\",\"type\":\"rich\"}"

# a foreign webhook is its own author, with a webhook's name and no member
> create A m2 feed "" {"webhook_id": "$feed", "author": {"id": "$feed", "username": "Feed", "bot": true, "avatar": null}, "embeds": [{"type": "rich", "title": "Release 2"}]}
< B post b2 as "Feed": " + embed {\"title\":\"Release 2\",\"type\":\"rich\"}"

# an unfurl of a bot's link is not its own
> create A m3 cat "https://example.org" {"author": {"id": "$cat", "username": "cat", "bot": true}, "embeds": [{"type": "article", "title": "Example"}]}
< B post b3 as "cat": "https://example.org"

# people cannot send embeds: what they have is an unfurl
> create A m4 ada "https://example.org" {"embeds": [{"type": "rich", "title": "Example"}]}
< B post b4 as "ada": "https://example.org"

= A: a0 mirror: "(notice)" | m1 cat: "new issue" | m2 Feed: "" | m3 cat: "https://example.org" | m4 ada: "https://example.org"
= B: b0 mirror: "(notice)" | b1 cat: "new issue + embed {\"color\":5,\"description\":\"It leaks\",\"title\":\"Issue 7\",\"type\":\"rich\"}" | b2 Feed: " + embed {\"title\":\"Release 2\",\"type\":\"rich\"}" | b3 cat: "https://example.org" | b4 ada: "https://example.org"
