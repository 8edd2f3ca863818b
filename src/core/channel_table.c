/* SPDX-License-Identifier: Apache-2.0 */
/* The rows: request formats as their services' public documentation has them; recorded in
 * test/contracts/, where the bytes really sent are held against them. */
#include "core/channel.h"

#include "base/str.h"

#define JSON "application/json"
#define REGION                                                                            \
	{                                                                                 \
		.key = "region", .label = "Region", .hint = "where the account was made", \
		.type = CHN_CHOICE, .optional = true, .choices = "us eu"                  \
	}
#define HOOK(where, hint_text, start_path, host_list)                                \
	{                                                                            \
		.key = "url", .label = (where), .hint = (hint_text), .secret = true, \
		.type = CHN_URL, .start = (start_path), .hosts = (host_list)         \
	}
#define SERVER(what)                                                             \
	{                                                                        \
		.key = "url", .label = "Server", .hint = (what), .type = CHN_URL \
	}

static const struct chn_kind kinds[] = {
	{ .name = "email",
	  .label = "E-mail",
	  .target = "to",
	  .field = { { .key = "to",
		       .label = "Address",
		       .hint = "one e-mail address",
		       .type = CHN_EMAIL,
		       .max = 254 } } },

	/* doc/webhooks.md; the body is the notice itself. */
	{ .name = "webhook",
	  .label = "Webhook",
	  .target = "url",
	  .field = { { .key = "url",
		       .label = "URL",
		       .hint = "gets a signed POST",
		       .type = CHN_URL },
		     { .key = "secret",
		       .label = "Signing key",
		       .hint = "made when left empty",
		       .type = CHN_TEXT,
		       .secret = true,
		       .optional = true,
		       .made = true,
		       .min = 16,
		       .max = 256 } },
	  .method = "POST",
	  .url = "${&c.url}",
	  .type = JSON,
	  .header = { "NetPulse-Signature: ${&signature}" },
	  .body = "${&notice}" },

	/* docs.slack.dev: incoming webhooks; text of a section: 3,000 characters. */
	{ .name = "slack",
	  .label = "Slack",
	  .target = "url",
	  .field = { HOOK("Webhook URL", "Slack app, Incoming Webhooks", "/services/",
			  "hooks.slack.com hooks.slack-gov.com") },
	  .method = "POST",
	  .url = "${&c.url}",
	  .type = JSON,
	  .markup = TPL_MRKDWN,
	  .body = "{\"text\":\"${title:300}\",\"unfurl_links\":false,\"attachments\":[{\"color\":\"${=colour}\","
		  "\"fallback\":\"${title:300}\",\"blocks\":["
		  "{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":\"*${title:300}*\\n${text:2500}\"}}"
		  "${?link},{\"type\":\"actions\",\"elements\":["
		  "{\"type\":\"button\",\"text\":{\"type\":\"plain_text\",\"text\":\"Open\"},\"url\":\"${=link}\"}"
		  "${?ack},{\"type\":\"button\",\"text\":{\"type\":\"plain_text\",\"text\":\"Acknowledge\"},"
		  "\"url\":\"${=ack}\"}${/}]}${/}]}]}",
	  .body_max = 40000 },

	/* docs.discord.com: Execute Webhook; nobody is mentioned, whatever the text says. */
	{ .name = "discord",
	  .label = "Discord",
	  .target = "url",
	  .field = { HOOK("Webhook URL", "Server settings, Integrations, Webhooks",
			  "/api/webhooks/",
			  "discord.com discordapp.com ptb.discord.com canary.discord.com") },
	  .method = "POST",
	  .url = "${&c.url}${&sep}wait=true",
	  .type = JSON,
	  .markup = TPL_MARKDOWN,
	  .body = "{\"username\":\"NetPulse\",\"allowed_mentions\":{\"parse\":[]},\"embeds\":[{"
		  "\"title\":\"${title:250}\",\"description\":\"${text:3500}"
		  "${?ack}\\n\\n[Acknowledge](${=ack})${/}\",\"color\":${=colour_n}"
		  "${?link},\"url\":\"${=link}\"${/},\"timestamp\":\"${=at}\"}]}",
	  .body_max = 30000 },

	/* core.telegram.org/bots/api: sendMessage; 4,096 characters after parsing. */
	{ .name = "telegram",
	  .label = "Telegram",
	  .target = "chat",
	  .field = { { .key = "token",
		       .label = "Bot token",
		       .hint = "from @BotFather: 123456:ABC…",
		       .type = CHN_TOKEN,
		       .secret = true,
		       .min = 20,
		       .max = 100 },
		     { .key = "chat",
		       .label = "Chat",
		       .hint = "number of the chat, or @channel",
		       .type = CHN_TEXT,
		       .max = 64 } },
	  .method = "POST",
	  .url = "https://api.telegram.org/bot${&c.token}/sendMessage",
	  .type = JSON,
	  .markup = TPL_HTML,
	  .body = "{\"chat_id\":\"${=c.chat}\",\"parse_mode\":\"HTML\",\"link_preview_options\":{\"is_disabled\":true},"
		  "\"text\":\"<b>${title:300}</b>\\n${text:3000}\""
		  "${?link},\"reply_markup\":{\"inline_keyboard\":[[{\"text\":\"Open\",\"url\":\"${=link}\"}"
		  "${?ack},{\"text\":\"Acknowledge\",\"url\":\"${=ack}\"}${/}]]}${/}}",
	  .said = "\"ok\":true",
	  .body_max = 20000 },

	/* learn.microsoft.com: "Create incoming webhooks with Workflows"; 28 KB. */
	{ .name = "teams",
	  .label = "Microsoft Teams",
	  .target = "url",
	  .field = { HOOK("Workflow URL",
			  "Workflows: post to a channel when a webhook request is received", NULL,
			  ".logic.azure.com .powerplatform.com .webhook.office.com") },
	  .method = "POST",
	  .url = "${&c.url}",
	  .type = JSON,
	  .markup = TPL_CARD,
	  .body = "{\"type\":\"message\",\"attachments\":[{\"contentType\":\"application/vnd.microsoft.card.adaptive\","
		  "\"contentUrl\":null,\"content\":{\"$schema\":\"http://adaptivecards.io/schemas/adaptive-card.json\","
		  "\"type\":\"AdaptiveCard\",\"version\":\"1.4\",\"body\":["
		  "{\"type\":\"TextBlock\",\"size\":\"Medium\",\"weight\":\"Bolder\",\"wrap\":true,"
		  "\"color\":\"${=card_colour}\",\"text\":\"${title:300}\"},"
		  "{\"type\":\"TextBlock\",\"wrap\":true,\"text\":\"${text:8000}\"}]"
		  "${?link},\"actions\":[{\"type\":\"Action.OpenUrl\",\"title\":\"Open\",\"url\":\"${=link}\"}"
		  "${?ack},{\"type\":\"Action.OpenUrl\",\"title\":\"Acknowledge\",\"url\":\"${=ack}\"}${/}]${/}}}]}",
	  .body_max = 28000 },

	/* developer.pagerduty.com: Events API v2; summary 1,024, dedup_key 255. */
	{ .name = "pagerduty",
	  .label = "PagerDuty",
	  .target = "routing_key",
	  .field = { { .key = "routing_key",
		       .label = "Integration key",
		       .hint = "Events API v2",
		       .type = CHN_TOKEN,
		       .secret = true,
		       .min = 32,
		       .max = 32 },
		     REGION },
	  .method = "POST",
	  .url = "https://events${?c.region=eu}.eu${/}.pagerduty.com/v2/enqueue",
	  .type = JSON,
	  .body = "{\"routing_key\":\"${=c.routing_key}\",\"event_action\":\"${=action}\",\"dedup_key\":\"${=dedup:255}\""
		  "${?action=trigger},\"client\":\"NetPulse\"${?link},\"client_url\":\"${=link}\","
		  "\"links\":[{\"href\":\"${=link}\",\"text\":\"Incident\"}]${/},"
		  "\"payload\":{\"summary\":\"${title:1000}\",\"source\":\"${=source:250}\","
		  "\"severity\":\"${=severity_pd}\",\"timestamp\":\"${=at}\",\"class\":\"${=kind}\","
		  "\"custom_details\":{\"text\":\"${text:8000}\"}}${/}}",
	  .action = { "trigger", "acknowledge", "resolve" },
	  .no_ack = true,
	  .body_max = 512000 },

	/* docs.opsgenie.com: Alert API; message 130, alias 512, description 15,000. */
	{ .name = "opsgenie",
	  .label = "Opsgenie",
	  .target = "api_key",
	  .field = { { .key = "api_key",
		       .label = "API key",
		       .hint = "of an API integration",
		       .type = CHN_TOKEN,
		       .secret = true,
		       .min = 20,
		       .max = 100 },
		     REGION },
	  .method = "POST",
	  .url = "https://api${?c.region=eu}.eu${/}.opsgenie.com/v2/alerts"
		 "${?action=acknowledge}/${=dedup}/acknowledge?identifierType=alias${/}"
		 "${?action=close}/${=dedup}/close?identifierType=alias${/}",
	  .type = JSON,
	  .header = { "Authorization: GenieKey ${&c.api_key}" },
	  .body = "{\"source\":\"NetPulse\",\"user\":\"NetPulse\""
		  "${?action=create},\"message\":\"${title:130}\",\"alias\":\"${=dedup:512}\","
		  "\"description\":\"${text:10000}${?link}\\n${=link}${/}\",\"entity\":\"${=source:250}\","
		  "\"priority\":\"${=severity_og}\",\"tags\":[\"netpulse\"]${/}"
		  "${!action=create},\"note\":\"${title:1000}\"${/}}",
	  .action = { "create", "acknowledge", "close" },
	  .no_ack = true,
	  .retry = "422", /* says so while an alert of that alias is being made */
	  .body_max = 60000 },

	/* docs.ntfy.sh/publish: as JSON to the root; message 4,096 bytes. */
	{ .name = "ntfy",
	  .label = "ntfy",
	  .target = "topic",
	  .field = { { .key = "url",
		       .label = "Server",
		       .hint = "https://ntfy.sh, or your own",
		       .type = CHN_URL,
		       .optional = true },
		     { .key = "topic",
		       .label = "Topic",
		       .hint = "hard to guess: it is a password",
		       .type = CHN_TOKEN,
		       .secret = true,
		       .max = 64 },
		     { .key = "token",
		       .label = "Access token",
		       .hint = "tk_…; if the topic is protected",
		       .type = CHN_TOKEN,
		       .secret = true,
		       .optional = true,
		       .max = 128 } },
	  .method = "POST",
	  .url = "${?c.url}${&c.url}${/}${!c.url}https://ntfy.sh${/}/",
	  .type = JSON,
	  .header = { "${?c.token}Authorization: Bearer ${&c.token}${/}" },
	  .body = "{\"topic\":\"${=c.topic}\",\"title\":\"${title:250}\",\"message\":\"${text:3500}\","
		  "\"priority\":${=priority_5},\"tags\":[\"${=tag}\"]${?link},\"click\":\"${=link}\"${/}"
		  "${?ack},\"actions\":[{\"action\":\"view\",\"label\":\"Acknowledge\",\"url\":\"${=ack}\"}]${/}}",
	  .body_max = 8000 },

	/* gotify.net/docs/pushmsg; extras for Markdown and for what a tap opens. */
	{ .name = "gotify",
	  .label = "Gotify",
	  .target = "url",
	  .field = { SERVER("https://gotify.example.org"),
		     { .key = "token",
		       .label = "Application token",
		       .hint = "of an app, not of a client",
		       .type = CHN_TOKEN,
		       .secret = true,
		       .max = 128 } },
	  .method = "POST",
	  .url = "${&c.url}/message",
	  .type = JSON,
	  .markup = TPL_CARD,
	  .header = { "X-Gotify-Key: ${&c.token}" },
	  .body = "{\"title\":\"${=title:250}\",\"message\":\"${text:6000}${?ack}\\n\\n[Acknowledge](${=ack})${/}\","
		  "\"priority\":${=priority_10},\"extras\":{\"client::display\":{\"contentType\":\"text/markdown\"}"
		  "${?link},\"client::notification\":{\"click\":{\"url\":\"${=link}\"}}${/}}}",
	  .body_max = 30000 },

	/* pushover.net/api: message 1,024, title 250, url 512, url_title 100. */
	{ .name = "pushover",
	  .label = "Pushover",
	  .target = "user",
	  .field = { { .key = "token",
		       .label = "Application token",
		       .hint = "30 characters",
		       .type = CHN_TOKEN,
		       .secret = true,
		       .min = 30,
		       .max = 30 },
		     { .key = "user",
		       .label = "User or group key",
		       .hint = "30 characters",
		       .type = CHN_TOKEN,
		       .secret = true,
		       .min = 30,
		       .max = 30 },
		     { .key = "device",
		       .label = "Device",
		       .hint = "empty: all of them",
		       .type = CHN_TOKEN,
		       .optional = true,
		       .max = 25 } },
	  .method = "POST",
	  .url = "https://api.pushover.net/1/messages.json",
	  .type = "application/x-www-form-urlencoded",
	  .body = "token=${=c.token}&user=${=c.user}&title=${title:250}&message=${text:1000}"
		  "&priority=${=priority_po}&timestamp=${=at_s}${?c.device}&device=${=c.device}${/}"
		  "${?ack}&url=${=ack}&url_title=Acknowledge${/}"
		  "${!ack}${?link}&url=${=link}&url_title=Open${/}${/}",
	  .said = "\"status\":1",
	  .body_max = 20000 },

	/* developers.mattermost.com: incoming webhooks; text 16,383 characters. */
	{ .name = "mattermost",
	  .label = "Mattermost",
	  .target = "url",
	  .field = { HOOK("Webhook URL", "Integrations, Incoming Webhooks", "/", NULL) },
	  .method = "POST",
	  .url = "${&c.url}",
	  .type = JSON,
	  .markup = TPL_MARKDOWN,
	  .body = "{\"username\":\"NetPulse\",\"attachments\":[{\"fallback\":\"${title:300}\",\"color\":\"${=colour}\","
		  "\"title\":\"${title:300}\"${?link},\"title_link\":\"${=link}\"${/},"
		  "\"text\":\"${text:6000}${?ack}\\n\\n[Acknowledge](${=ack})${/}\"}]}",
	  .body_max = 60000 },

	/* developers.google.com/workspace/chat: messages.create through a webhook; 32,000 bytes. */
	{ .name = "google_chat",
	  .label = "Google Chat",
	  .target = "url",
	  .field = { HOOK("Webhook URL", "Space, Apps and integrations, Webhooks", "/v1/spaces/",
			  "chat.googleapis.com") },
	  .method = "POST",
	  .url = "${&c.url}${&sep}messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD",
	  .type = JSON,
	  .markup = TPL_HTML_BR,
	  .body = "{\"thread\":{\"threadKey\":\"${=dedup}\"},\"fallbackText\":\"${=title:300}\","
		  "\"cardsV2\":[{\"cardId\":\"${=key}\",\"card\":{\"header\":{\"title\":\"${=title:200}\"},"
		  "\"sections\":[{\"widgets\":[{\"textParagraph\":{\"text\":\"${text:8000}\"}}"
		  "${?link},{\"buttonList\":{\"buttons\":[{\"text\":\"Open\",\"onClick\":{\"openLink\":{\"url\":\"${=link}\"}}}"
		  "${?ack},{\"text\":\"Acknowledge\",\"onClick\":{\"openLink\":{\"url\":\"${=ack}\"}}}${/}]}}${/}]}]}}]}",
	  .body_max = 32000 },

	/* spec.matrix.org: PUT /rooms/{roomId}/send/{eventType}/{txnId}; a repeat with the same
	 * transaction id makes no second event. */
	{ .name = "matrix",
	  .label = "Matrix",
	  .target = "room",
	  .field = { SERVER("https://matrix.example.org: the homeserver"),
		     { .key = "room",
		       .label = "Room id",
		       .hint = "!abc:example.org",
		       .type = CHN_TEXT,
		       .start = "!",
		       .max = 255 },
		     { .key = "token",
		       .label = "Access token",
		       .hint = "of the account that writes",
		       .type = CHN_TOKEN,
		       .secret = true } },
	  .method = "PUT",
	  .url = "${&c.url}/_matrix/client/v3/rooms/${=c.room}/send/m.room.message/${=key}",
	  .type = JSON,
	  .markup = TPL_HTML_BR,
	  .header = { "Authorization: Bearer ${&c.token}" },
	  .body = "{\"msgtype\":\"m.text\",\"body\":\"${=title:300}\\n${=text:6000}${?link}\\n${=link}${/}\","
		  "\"format\":\"org.matrix.custom.html\","
		  "\"formatted_body\":\"<b>${title:300}</b><br>${text:12000}"
		  "${?link}<br><a href=\\\"${link}\\\">Open</a>${/}${?ack} · <a href=\\\"${ack}\\\">Acknowledge</a>${/}\"}",
	  .said = "\"event_id\"",
	  .body_max = 60000 },

	/* Whoever is on call; its members are channels. */
	{ .name = "rota", .label = "On-call rota", .own_api = true },
};

const struct chn_kind *chn_kind_at(size_t i)
{
	return i < NP_LEN(kinds) ? &kinds[i] : NULL;
}

const char *chn_names(void)
{
	return "email webhook slack discord telegram teams pagerduty opsgenie ntfy gotify pushover "
	       "mattermost google_chat matrix";
}
