// A bot made of discord.js; see ../python/bot.py, whose twin it is. It asks for payload compression.

import readline from "node:readline";
import { createRequire } from "node:module";

const require = createRequire(process.env.BOT_MODULES + "/");
const { Client, Events, GatewayIntentBits, Partials, WebhookClient } = require("discord.js");
const { SimpleShardingStrategy } = require("@discordjs/ws");

const tell = (event, more = {}) => console.log(JSON.stringify({ event, ...more }));
const rest = { api: process.env.BOT_API.replace(/\/v10$/, ""), version: "10" };

const client = new Client({
  rest,
  ws: {
    buildStrategy: (manager) => {
      // Without the package zlib-sync it falls back to compressed payloads.
      manager.options.compression = "zlib-stream";
      return new SimpleShardingStrategy(manager);
    },
  },
  intents: [
    GatewayIntentBits.Guilds, GatewayIntentBits.GuildWebhooks, GatewayIntentBits.GuildMessages,
    GatewayIntentBits.GuildMessageReactions, GatewayIntentBits.MessageContent,
  ],
  partials: [Partials.Message, Partials.Channel, Partials.Reaction],
});

client.on(Events.ClientReady, () => {
  const guilds = {};
  for (const guild of client.guilds.cache.values())
    guilds[guild.name] = guild.channels.cache.filter((c) => c.type === 0).map((c) => c.name).sort();
  tell("ready", { user: client.user.username, guilds, compression: "payload" });
});
client.on(Events.ShardResume, () => tell("resumed"));
// discord.js says nothing of a session that begins anew, except here.
client.ws.on("READY", () => tell("session"));
client.on(Events.MessageCreate, (m) => tell("message", {
  id: m.id, channel: m.channelId, author: m.member?.displayName ?? m.author.displayName, text: m.content,
  webhook: m.webhookId, reply_to: m.reference?.messageId ?? null, own: m.author.id === client.user.id,
  embeds: m.embeds.length, attachments: m.attachments.map((a) => a.name),
}));
client.on(Events.MessageUpdate, (_, m) => tell("edit", { id: m.id, text: m.content, embeds: m.embeds.length }));
client.on(Events.MessageDelete, (m) => tell("delete", { id: m.id }));
client.on(Events.MessageBulkDelete, (all) => tell("bulk_delete", { ids: [...all.keys()].sort() }));
client.on(Events.MessageReactionAdd, (r) => tell("reaction", { id: r.message.id, emoji: r.emoji.name }));
client.on(Events.ChannelPinsUpdate, (c) => tell("pins", { channel: c.id }));
client.on(Events.WebhooksUpdate, (c) => tell("webhooks", { channel: c.id }));
client.on(Events.ThreadCreate, (t) => tell("thread", { id: t.id, name: t.name, parent: t.parentId }));
client.on(Events.ThreadDelete, (t) => tell("thread_delete", { id: t.id }));
client.on(Events.ChannelCreate, (c) => tell("channel", { id: c.id, name: c.name }));
client.on(Events.Error, (error) => tell("complaint", { text: String(error) }));
client.on(Events.Warn, (text) => tell("complaint", { text }));
client.on(Events.ShardError, (error) => tell("complaint", { text: String(error) }));
client.rest.on("rateLimited", (info) => info.global && tell("complaint", { text: JSON.stringify(info) }));
client.rest.on("invalidRequestWarning", (info) => tell("complaint", { text: JSON.stringify(info) }));
process.on("unhandledRejection", (error) => tell("complaint", { text: String(error) }));

const place = (order) => client.channels.fetch(order.channel);
const webhook = (order) => new WebhookClient({ id: order.webhook, token: order.token }, { rest });
const deeds = {
  send: async (order) => ({ message: (await (await place(order)).send(order.text)).id }),
  reply: async (order) => {
    const target = await (await place(order)).messages.fetch({ message: order.message, force: true });
    return { message: (await target.reply(order.text)).id };
  },
  edit: async (order) => ({ text: (await (await place(order)).messages.edit(order.message, order.text)).content }),
  delete: async (order) => { await (await place(order)).messages.delete(order.message); },
  history: async (order) => {
    const found = await (await place(order)).messages.fetch({ limit: order.limit });
    return { texts: [...found.values()].reverse().map((m) => m.content) };
  },
  make_webhook: async (order) => {
    const made = await (await place(order)).createWebhook({ name: order.text });
    return { webhook: made.id, token: made.token };
  },
  execute: async (order) => ({ message: (await webhook(order).send({ content: order.text, username: "somebody" })).id }),
  webhook_edit: async (order) => ({ text: (await webhook(order).editMessage(order.message, { content: order.text })).content }),
  webhook_delete: async (order) => { await webhook(order).deleteMessage(order.message); },
};

readline.createInterface({ input: process.stdin })
  .on("line", async (line) => {
    const order = JSON.parse(line);
    try {
      tell("done", { id: order.id, ...(await deeds[order.do](order)) });
    } catch (error) {
      tell("failed", { id: order.id, text: String(error) });
    }
  })
  .on("close", async () => { await client.destroy(); process.exit(0); });

await client.login(process.env.BOT_TOKEN);
