/** Hosts and proxies that put the prompt, or any other text, into headers and ids. */
import { assert, describe, it } from "@effect/vitest"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import { ErrorReply, Fault, Reply } from "@kimi-effect/testing"
import { Effect, Redacted, Schema, Stream } from "effect"
import * as Canary from "./node/support/canary.ts"
import { type Client, withKimi } from "./node/support/kimi.ts"

const names = [
  "msh-request-id",
  "x-request-id",
  "x-msh-trace-id",
  "x-trace-id",
  "temperature",
  "x-ratelimit-limit",
  "x-ratelimit-remaining-requests",
  "ratelimit",
  "retry-after",
  "location",
  "server",
  "via",
  "x-prompt"
]

/** Forms in which a header can have a text. */
const forms: ReadonlyArray<(text: string) => string> = [
  (text) => text,
  (text) => encodeURIComponent(text),
  (text) => text.replaceAll(/[^a-z]+/gi, "-"),
  (text) => `${text.replaceAll(/[^a-z]+/gi, "_")}-1`,
  (text) => `${text.split(" ").at(-1)}7`,
  (text) => `${text.replaceAll(/[^a-z]+/gi, "-").toUpperCase()}-1`,
  (text) => `${text.split(" ").at(-1)}`,
  (text) => `https://${text.replaceAll(/[^a-z]+/gi, "-")}.example/`
]

const completion = (content: string, text: string) => ({
  id: text,
  object: "chat.completion",
  created: 1,
  model: text,
  choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }]
})

const replies = (headers: Readonly<Record<string, string>>, id: string): ReadonlyArray<Reply.Reply> => [
  Reply.json(completion("Hi", id), { headers }),
  Reply.chatResponse({ content: "Hi" }, { headers, fault: Fault.ResetMidBody({ afterBytes: 10 }) }),
  Reply.json(completion("", id), { headers }),
  ...["", "Hi", "<think>"].map((content) =>
    Reply.json({ ...completion(content, id), choices: [{ message: { content }, finish_reason: id }] }, { headers })
  ),
  Reply.body("hello", { headers: { ...headers, "content-type": `text/${id}` } }),
  Reply.sse([], { headers }),
  Reply.body("", { status: 302, headers }),
  Reply.json({ error: { message: "no", type: id, request_id: id }, request_id: id }, { status: 418, headers }),
  Reply.json({ error: { message: "no", type: id, request_id: id } }, { headers }),
  ErrorReply.make(429, "rate_limit_reached_error", "slow", headers)
]

/** What a call writes and fails with. Its response belongs to the caller. */
const textsOf = (client: Client, request: ChatRequest) =>
  Effect.map(
    Effect.forEach([Effect.asVoid(client.chat(request)), Stream.runDrain(client.stream(request))], (call) =>
      Canary.watch(call)
    ),
    (watched) => watched.flatMap(({ texts }) => texts)
  )

const options = {
  client: { apiKey: Redacted.make(Canary.key), telemetry: true, maxAttempts: 1, breaker: false }
} as const

describe("a prompt in the headers of a response", () => {
  for (const [index, form] of forms.entries()) {
    it.live(`is in no error, span or log line, in form ${index + 1}`, () =>
      withKimi(
        (client, server) =>
          Effect.gen(function* () {
            const value = form(Canary.prompt)
            const headers = Object.fromEntries(names.map((name) => [name, value]))
            for (const reply of replies(headers, value)) {
              yield* server.replyAlways(reply)
              for (const text of yield* textsOf(client, Canary.request)) {
                if (/nightingale/i.test(text)) assert.fail(`${JSON.stringify(reply)}: found the prompt in ${text}`)
              }
            }
          }),
        options
      )
    )
  }
})

describe("a random text in the headers of a response", () => {
  const Text = Schema.String.check(Schema.isPattern(/^[!-~]+( [!-~]+)+$/), Schema.isMaxLength(200))

  it.effect.prop(
    "is in no error, span or log line",
    [Text],
    ([text]) =>
      withKimi(
        (client, server) =>
          Effect.gen(function* () {
            const marked = `zqx ${text} zqx`
            const headers = Object.fromEntries(names.map((name) => [name, marked]))
            for (const reply of replies(headers, marked)) {
              yield* server.replyAlways(reply)
              for (const found of yield* textsOf(client, Canary.request)) assert.notInclude(found, "zqx")
            }
          }),
        options
      ),
    { arbitrary: { runs: 10 } }
  )
})
