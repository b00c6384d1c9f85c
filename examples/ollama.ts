/**
 * Fallback from Kimi's host to a model on this machine: slower and smaller, but there without a network and without
 * a price. Two local servers stand in for both.
 */
import { KimiClient } from "@kimi-effect/client"
import { KimiNode } from "@kimi-effect/client/node"
import { Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

const client = Layer.unwrap(
  Effect.gen(function* () {
    const ollama = yield* MockServer.make({ validateRequests: false })
    yield* ollama.replyAlways(Reply.text("Hello from this machine!", { model: "qwen3:8b" }))
    return KimiNode.layer(
      // Nothing listens on this port: the host is unreachable.
      {
        apiKey: Redacted.make("sk-moonshot"),
        baseUrl: "http://127.0.0.1:9/v1",
        maxAttempts: 2,
        retryBaseDelay: "1 millis"
      },
      // `ollama` needs no key. Its `baseUrl` defaults to http://127.0.0.1:11434/v1.
      { fallback: [{ provider: "ollama", baseUrl: ollama.url, model: "qwen3:8b" }] }
    )
  })
)

const question = { messages: [{ role: "user" as const, content: "Hello world!" }] }

const program = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  const { model, provider, text } = yield* kimi.chat(question)
  yield* Console.log(`${provider} (${model}): ${text}`)

  // A stream falls back too, before its first content. `Start` has the host that answers.
  yield* kimi
    .stream(question)
    .pipe(
      Stream.runForEach((event) =>
        event._tag === "Start" ? Console.log(`stream: ${event.provider} (${event.model})`) : Effect.void
      )
    )
}).pipe(
  // Both failed: the error is that of the last step.
  Effect.catchTag("ConnectionRefusedError", ({ hint }) => Console.error(hint)),
  Effect.provide(client)
)

await Effect.runPromise(program)
