# Mentions are shown as the plain names of their time, and ping nobody
! linked A, B
> raw GUILD_CREATE {"id": "1", "name": "guild", "channels": [{"id": "$A", "type": 0, "name": "general"}], "roles": [{"id": "300000000000000001", "name": "mods"}]}
< nothing

> create A m1 ada "<@$bob> and <@!$bob>, see <#$A>, <@&300000000000000001>, <#$Z>, @everyone and @here" {"mentions": [{"id": "$bob", "username": "bob", "global_name": "Bobby", "member": {"nick": "Bob *the* Builder"}}]}
< B post b1 as "ada": "@Bob \\*the\\* Builder and @Bob \\*the\\* Builder, see #general, @mods, #unknown, @everyone and @here"

# the names are those of capture
> raw CHANNEL_UPDATE {"id": "$A", "guild_id": "1", "type": 0, "name": "renamed"}
< nothing

> edit m1 "only <#$A>"
< B edit b1: "only #renamed"

> create A m2 ada "`<@$bob>` stays as it is" {"mentions": [{"id": "$bob", "username": "bob"}]}
< B post b2 as "ada": "`<@$bob>` stays as it is"

= A: a0 mirror: "(notice)" | m1 ada: "only <#$A>" | m2 ada: "`<@$bob>` stays as it is"
= B: b0 mirror: "(notice)" | b1 ada: "only #renamed" | b2 ada: "`<@$bob>` stays as it is"
