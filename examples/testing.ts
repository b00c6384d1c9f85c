/** A test of an application: a scripted provider replaces the real one, without a network. */
import assert from "node:assert"
import { KimiClient } from "@kimi-effect/client"
import { MockProvider, Reply } from "@kimi-effect/testing"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"

/** The code under test. */
const summarize = (text: string) =>
  Effect.gen(function* () {
    const kimi = yield* KimiClient.KimiClient
    const answer = yield* kimi.chat({
      messages: [
        { role: "system", content: "Summarize in one sentence." },
        { role: "user", content: text }
      ]
    })
    return answer.text
  }).pipe(Effect.catchTag("OverloadedError", () => Effect.succeed(`${text.slice(0, 20)}…`)))

const test = Effect.gen(function* () {
  assert.strictEqual(yield* summarize("A long story about a whale."), "A whale story.")
  assert.strictEqual(yield* summarize("A long story about a whale."), "A long story about a…")
  const mock = yield* MockProvider.MockProvider
  yield* mock.attempts(2)
  yield* mock.received({ messages: [{ role: "user", content: "A long story about a whale." }] })
  yield* mock.neverSent("me@example.com")
  yield* Console.log("2 tests passed")
}).pipe(Effect.provide(MockProvider.layerClient({ script: ["A whale story.", Reply.overloaded()] })))

await Effect.runPromise(test)
