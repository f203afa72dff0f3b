"""A bot made of discord.py. It prints what it hears as JSON lines, and does what lines on its stdin say.

    {"do": "send", "id": 1, "channel": "5", "text": "hello"}   ->   {"event": "done", "id": 1, "message": "7"}

What it does comes through discord.py's own calls alone; a complaint of the library is a line too.
"""

import asyncio
import json
import logging
import os
import sys

import discord
import yarl

discord.http.Route.BASE = os.environ["BOT_API"]
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["BOT_GATEWAY"])


def tell(event, **more):
    print(json.dumps({"event": event, **more}), flush=True)


class Complaints(logging.Handler):
    """What the library calls an error, and payloads that it does not know."""

    def emit(self, record):
        text = record.getMessage()
        if record.exc_info and record.exc_info[1]:
            text += f": {record.exc_info[1]!r}"
        unknown = text.startswith("Unknown event") or "referencing an unknown" in text
        if record.levelno >= logging.ERROR or unknown:
            tell("complaint", text=text)


class Again(discord.ui.View):
    def __init__(self):
        super().__init__(timeout=None)

    @discord.ui.button(label="Once more", custom_id="again")
    async def again(self, interaction, button):
        await interaction.response.edit_message(content=f"again, {interaction.user.display_name}", view=None)


@discord.app_commands.command(description="Greets somebody, at once")
@discord.app_commands.default_permissions(manage_channels=True)
async def greet(interaction: discord.Interaction, whom: discord.Member, where: discord.app_commands.AppCommandChannel):
    may = interaction.permissions.manage_channels and interaction.app_permissions.send_messages
    text = f"hello {whom.display_name} of #{where.name} and {interaction.guild.name}: {may}"
    sent = await interaction.response.send_message(text, view=Again())
    tell("greeted", message=str(sent.message_id))


@discord.app_commands.command(description="Thinks before it answers")
async def think(interaction: discord.Interaction, days: discord.app_commands.Range[int, 1, 7] = 1):
    await interaction.response.defer(ephemeral=True, thinking=True)
    edited = await interaction.edit_original_response(content=f"{days} days")
    more = await interaction.followup.send("that is all", ephemeral=True, wait=True)
    tell("thought", text=edited.content, more=more.content, direct=interaction.guild is None)


class Bot(discord.Client):
    def __init__(self, **options):
        super().__init__(**options)
        self.tree = discord.app_commands.CommandTree(self)
        self.tree.add_command(greet)
        self.tree.add_command(think)

    async def on_ready(self):
        guilds = {g.name: sorted(c.name for c in g.text_channels) for g in self.guilds}
        tell("ready", user=self.user.name, guilds=guilds, compression=discord.utils._ActiveDecompressionContext.COMPRESSION_TYPE)

    async def on_socket_event_type(self, kind):
        if kind == "READY":
            tell("session")

    async def on_resumed(self):
        tell("resumed")

    async def on_message(self, message):
        reference = message.reference.message_id if message.reference else None
        replied = getattr(message.reference.resolved, "content", None) if message.reference else None
        tell(
            "message", id=str(message.id), channel=str(message.channel.id), author=message.author.display_name,
            text=message.content, webhook=str(message.webhook_id) if message.webhook_id else None,
            reply_to=str(reference) if reference else None, replied=replied, own=message.author == self.user,
            embeds=len(message.embeds), attachments=[a.filename for a in message.attachments],
        )

    async def on_raw_message_edit(self, payload):
        tell("edit", id=str(payload.message_id), text=payload.data.get("content"), embeds=len(payload.data.get("embeds", [])),
             cached=payload.cached_message is not None)

    async def on_raw_message_delete(self, payload):
        tell("delete", id=str(payload.message_id))

    async def on_raw_bulk_message_delete(self, payload):
        tell("bulk_delete", ids=sorted(str(one) for one in payload.message_ids))

    async def on_raw_reaction_add(self, payload):
        tell("reaction", id=str(payload.message_id), emoji=payload.emoji.name)

    async def on_guild_channel_pins_update(self, channel, last_pin):
        tell("pins", channel=str(channel.id))

    async def on_webhooks_update(self, channel):
        tell("webhooks", channel=str(channel.id))

    async def on_thread_create(self, thread):
        tell("thread", id=str(thread.id), name=thread.name, parent=str(thread.parent_id))

    async def on_raw_thread_delete(self, payload):
        tell("thread_delete", id=str(payload.thread_id))

    async def on_guild_channel_create(self, channel):
        tell("channel", id=str(channel.id), name=channel.name)

    async def on_error(self, event_method, *args, **kwargs):
        tell("complaint", text=f"{event_method}: {sys.exc_info()[1]!r}")

    async def setup_hook(self):
        self.orders = asyncio.create_task(self.obey())

    async def obey(self):
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            order = json.loads(line)
            try:
                tell("done", id=order["id"], **(await getattr(self, "do_" + order["do"])(order) or {}))
            except Exception as error:
                tell("failed", id=order["id"], text=repr(error))
        await self.close()

    def place(self, order):
        return self.get_channel(int(order["channel"])) or self.get_partial_messageable(int(order["channel"]))

    def webhook(self, order):
        return discord.Webhook.partial(int(order["webhook"]), order["token"], session=self.http._HTTPClient__session)

    async def do_sync(self, order):
        return {"commands": sorted(command.name for command in await self.tree.sync())}

    async def do_send(self, order):
        return {"message": str((await self.place(order).send(order["text"])).id)}

    async def do_reply(self, order):
        target = await self.place(order).fetch_message(int(order["message"]))
        return {"message": str((await target.reply(order["text"])).id)}

    async def do_edit(self, order):
        message = self.place(order).get_partial_message(int(order["message"]))
        return {"text": (await message.edit(content=order["text"])).content}

    async def do_delete(self, order):
        await self.place(order).get_partial_message(int(order["message"])).delete()

    async def do_history(self, order):
        return {"texts": [message.content async for message in self.place(order).history(limit=order["limit"], oldest_first=True)]}

    async def do_make_webhook(self, order):
        made = await self.place(order).create_webhook(name=order["text"])
        return {"webhook": str(made.id), "token": made.token}

    async def do_execute(self, order):
        sent = await self.webhook(order).send(order["text"], username="somebody", wait=True)
        return {"message": str(sent.id)}

    async def do_webhook_edit(self, order):
        return {"text": (await self.webhook(order).edit_message(int(order["message"]), content=order["text"])).content}

    async def do_webhook_delete(self, order):
        await self.webhook(order).delete_message(int(order["message"]))


def main():
    logger = logging.getLogger("discord")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(Complaints())
    intents = discord.Intents(guilds=True, webhooks=True, messages=True, reactions=True, message_content=True)
    bot = Bot(intents=intents, heartbeat_timeout=float(os.environ["BOT_PATIENCE_S"]))
    bot.run(os.environ["BOT_TOKEN"], log_handler=None)


main()
