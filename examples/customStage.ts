/** A custom stage in the pipeline of a client, which removes e-mail addresses before a request is sent. */
import { KimiClient } from "@kimi-effect/client"
import { KimiNode } from "@kimi-effect/client/node"
import { Pipeline, Stage } from "@kimi-effect/core"
import type { Call } from "@kimi-effect/core/Call"
import type { Message } from "@kimi-effect/core/Message"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"

const redacted = (text: string): string => text.replaceAll(/\S+@\S+/g, "<address>")

const withoutAddresses = (call: Call): Call => ({
  ...call,
  request: {
    ...call.request,
    messages: call.request.messages.map((message): Message =>
      message.role === "user" && typeof message.content === "string"
        ? { ...message, content: redacted(message.content) }
        : message
    )
  }
})

const redact = Stage.make("redact", {
  effect: (inner) => (call) => inner(withoutAddresses(call)),
  stream: (inner) => (call) => inner(withoutAddresses(call)),
  options: { removes: "e-mail addresses" }
})

/** Several such layers compose. This one logs what the host receives. */
const log = Stage.make("log", {
  effect: (inner) => (call) =>
    Effect.andThen(Console.log(`chat: ${call.request.messages.at(-1)?.content}`), inner(call)),
  stream: (inner) => (call) =>
    Stream.unwrap(Effect.as(Console.log(`stream: ${call.request.messages.at(-1)?.content}`), inner(call)))
})

const client = KimiNode.layerConfig().pipe(
  Layer.provide(
    Layer.mergeAll(
      Pipeline.layer(Pipeline.insertBefore("retry", redact)),
      Pipeline.layer(Pipeline.insertAfter("redact", log))
    )
  )
)

const program = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  const request = { messages: [{ role: "user" as const, content: "Write to me@example.com, please." }] }
  yield* kimi.chat(request)
  yield* Stream.runDrain(kimi.stream(request))
  yield* Console.log(kimi.describe().match(/redact: .*/)?.[0])
}).pipe(Effect.provide(client))

await Effect.runPromise(program)
