/** A fallback plan for a host that is overloaded. Two local servers stand in for the hosts. */
import { KimiClient } from "@kimi-effect/client"
import { KimiNode } from "@kimi-effect/client/node"
import { ErrorReply, Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

const client = Layer.unwrap(
  Effect.gen(function* () {
    const moonshot = yield* MockServer.make()
    const together = yield* MockServer.make({ validateRequests: false })
    yield* moonshot.replyAlways(ErrorReply.table.engineOverloaded)
    yield* together.replyAlways(
      Reply.chatResponse({ content: "Hello from the second host!", model: "moonshotai/Kimi-K2.5" })
    )

    return KimiNode.layer(
      { apiKey: Redacted.make("sk-moonshot"), baseUrl: moonshot.url, retryBaseDelay: "1 millis" },
      {
        fallback: [
          // Another model at the same host, when the circuit of the first model is open.
          { model: "kimi-k2.6", on: ["CircuitOpenError"] },
          // Another host with a separate key. A key is never sent to another host.
          { provider: "together", apiKey: Redacted.make("sk-together"), baseUrl: together.url }
        ]
      }
    )
  })
)

const program = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  yield* Console.log(kimi.describe().match(/fallback: .*/)?.[0])

  const answer = yield* kimi.chat({ messages: [{ role: "user", content: "Hello world!" }] })
  yield* Console.log(`${answer.provider} (${answer.model}): ${answer.text}`)

  // An invalid request is invalid at every host, so there is no fallback.
  const error = yield* Effect.flip(kimi.chat({ messages: [] }))
  yield* Console.log(`${error._tag}: ${error.message}`)
}).pipe(Effect.provide(client))

await Effect.runPromise(program)
