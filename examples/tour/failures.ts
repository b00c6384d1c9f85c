/** Failures that a call survives, and the host that answers in place of another. */
import { KimiClient } from "@kimi-effect/client"
import { KimiNode } from "@kimi-effect/client/node"
import { Observer } from "@kimi-effect/core"
import { ErrorReply, Fault, Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { layerShown } from "./attempts.ts"
import { ask, clientOf, show } from "./host.ts"

const records = Observer.layer({
  onCall: [
    ({ attempts, duration }) => show(`answered by attempt ${attempts} after ${Math.round(duration)} ms in total`)
  ]
})

/** A call whose first attempts get the given replies. */
export const survive = (replies: ReadonlyArray<Reply.Reply>) =>
  KimiClient.KimiClient.use((kimi) => kimi.chat(ask)).pipe(
    Effect.provide(clientOf(replies, { retryBaseDelay: "50 millis" }).pipe(Layer.provide([records, layerShown])))
  )

export const survived = survive([ErrorReply.table.engineOverloaded, Reply.faulty(Fault.ResetBeforeHeaders())])

const twoHosts = Layer.unwrap(
  Effect.gen(function* () {
    const moonshot = yield* MockServer.make()
    const together = yield* MockServer.make({ validateRequests: false })
    yield* moonshot.replyAlways(ErrorReply.table.engineOverloaded)
    yield* together.replyAlways(
      Reply.chatResponse({ content: "Hello from the second host!", model: "moonshotai/Kimi-K2.5" })
    )
    return KimiNode.layer(
      { apiKey: Redacted.make("sk-moonshot"), baseUrl: moonshot.url, retryBaseDelay: "1 millis", maxAttempts: 3 },
      { fallback: [{ provider: "together", apiKey: Redacted.make("sk-together"), baseUrl: together.url }] }
    ).pipe(Layer.provide(layerShown))
  })
)

export const fallback = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  const answer = yield* kimi.chat(ask)
  yield* show(`answered by ${answer.provider} (${answer.model}): ${answer.text}`)
}).pipe(Effect.provide(twoHosts))
