# A webhook sends no stickers and no voice messages: files and stickers are links, with their names (facts 1.6)
! linked A, B

> create A m1 ada "look" {"attachments": [{"id": "11", "filename": "cat.png", "url": "https://cdn.discordapp.com/attachments/1/11/cat.png?ex=1&is=2&hm=3", "size": 1234, "content_type": "image/png"}]}
< B post b1 as "ada": "look\n[cat.png](https://cdn.discordapp.com/attachments/1/11/cat.png?ex=1&is=2&hm=3)"

> create A m2 ada "" {"attachments": [{"id": "12", "filename": "SPOILER_end.mp4", "url": "https://cdn.discordapp.com/attachments/1/12/SPOILER_end.mp4", "size": 99, "content_type": "video/mp4"}, {"id": "13", "filename": "notes [1].txt", "url": "https://cdn.discordapp.com/attachments/1/13/notes_1.txt", "size": 7}]}
< B post b2 as "ada": "||[end.mp4](https://cdn.discordapp.com/attachments/1/12/SPOILER_end.mp4)||\n[notes \\[1\\].txt](https://cdn.discordapp.com/attachments/1/13/notes_1.txt)"

> create A m3 ada "" {"sticker_items": [{"id": "21", "name": "Wave", "format_type": 1}, {"id": "22", "name": "Dance", "format_type": 3}]}
< B post b3 as "ada": "[Wave](https://media.discordapp.net/stickers/21.png)\n*sticker:* Dance"

# a voice message
> create A m4 ada "" {"flags": 8192, "attachments": [{"id": "14", "filename": "voice-message.ogg", "url": "https://cdn.discordapp.com/attachments/1/14/voice-message.ogg", "size": 9, "content_type": "audio/ogg", "duration_secs": 3.2, "waveform": "AAAA"}]}
< B post b4 as "ada": "[voice-message.ogg](https://cdn.discordapp.com/attachments/1/14/voice-message.ogg)\n-# 🎤 voice message · 0:04"

# its address is signed anew in every payload: no request (facts 1.8)
> update m1 {"edited_timestamp": "2026-01-01T00:00:09.000000+00:00", "attachments": [{"id": "11", "filename": "cat.png", "url": "https://cdn.discordapp.com/attachments/1/11/cat.png?ex=9&is=9&hm=9", "size": 1234, "content_type": "image/png"}]}
< nothing

# one is taken away
> edit m2 "" {"attachments": [{"id": "13", "filename": "notes [1].txt", "url": "https://cdn.discordapp.com/attachments/1/13/notes_1.txt", "size": 7}]}
< B edit b2: "[notes \\[1\\].txt](https://cdn.discordapp.com/attachments/1/13/notes_1.txt)"

= A: a0 mirror: "(notice)" | m1 ada: "look" | m2 ada: "" | m3 ada: "" | m4 ada: ""
= B: b0 mirror: "(notice)" | b1 ada: "look\n[cat.png](https://cdn.discordapp.com/attachments/1/11/cat.png?ex=1&is=2&hm=3)" | b2 ada: "[notes \\[1\\].txt](https://cdn.discordapp.com/attachments/1/13/notes_1.txt)" | b3 ada: "[Wave](https://media.discordapp.net/stickers/21.png)\n*sticker:* Dance" | b4 ada: "[voice-message.ogg](https://cdn.discordapp.com/attachments/1/14/voice-message.ogg)\n-# 🎤 voice message · 0:04"
