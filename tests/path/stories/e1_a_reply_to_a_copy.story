# A reply to a copy links to the original in its own channel, and to the copy in every other (DESIGN.md 12e)
! linked A, B, C

> create A m1 ada "who is there?"
< B post b1 as "ada": "who is there?"
< C post c1 as "ada": "who is there?"

# bob answers what he sees: the copy in B
> create B m2 bob "me" {"type": 19, "message_reference": {"type": 0, "message_id": "$b1", "channel_id": "$B", "guild_id": "1"}, "referenced_message": {"author": {"id": "7", "username": "ada"}, "content": "who is there?"}}
< A post a1 as "bob": "-# ↩ [ada](https://discord.com/channels/1/$A/$m1): who is there?\nme"
< C post c2 as "bob": "-# ↩ [ada](https://discord.com/channels/1/$C/$c1): who is there?\nme"

# and cy answers the original's copy in C
> create C m3 cy "me too" {"type": 19, "message_reference": {"message_id": "$c1", "channel_id": "$C", "guild_id": "1"}}
< A post a2 as "cy": "-# ↩ [ada](https://discord.com/channels/1/$A/$m1): who is there?\nme too"
< B post b2 as "cy": "-# ↩ [ada](https://discord.com/channels/1/$B/$b1): who is there?\nme too"

# an answer to an answer
> create A m4 ada "hi both" {"type": 19, "message_reference": {"message_id": "$a1", "channel_id": "$A", "guild_id": "1"}}
< B post b3 as "ada": "-# ↩ [bob](https://discord.com/channels/1/$B/$m2): me\nhi both"
< C post c3 as "ada": "-# ↩ [bob](https://discord.com/channels/1/$C/$c2): me\nhi both"

= A: a0 mirror: "(notice)" | m1 ada: "who is there?" | a1 bob: "-# ↩ [ada](https://discord.com/channels/1/$A/$m1): who is there?\nme" | a2 cy: "-# ↩ [ada](https://discord.com/channels/1/$A/$m1): who is there?\nme too" | m4 ada: "hi both"
= B: b0 mirror: "(notice)" | b1 ada: "who is there?" | m2 bob: "me" | b2 cy: "-# ↩ [ada](https://discord.com/channels/1/$B/$b1): who is there?\nme too" | b3 ada: "-# ↩ [bob](https://discord.com/channels/1/$B/$m2): me\nhi both"
= C: c0 mirror: "(notice)" | c1 ada: "who is there?" | c2 bob: "-# ↩ [ada](https://discord.com/channels/1/$C/$c1): who is there?\nme" | m3 cy: "me too" | c3 ada: "-# ↩ [bob](https://discord.com/channels/1/$C/$c2): me\nhi both"
