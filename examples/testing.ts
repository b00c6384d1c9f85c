/** A test of an application: a scripted client replaces the real one, without a network. */
import assert from "node:assert"
import { KimiClient } from "@kimi-effect/client"
import { KimiError } from "@kimi-effect/core"
import { MockKimiClient } from "@kimi-effect/testing"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"

/** The code under test. */
const summarize = (text: string) =>
  Effect.gen(function* () {
    const kimi = yield* KimiClient.KimiClient
    const answer = yield* kimi.chat({
      messages: [
        { role: "system", content: "Summarise in one sentence." },
        { role: "user", content: text }
      ]
    })
    return answer.text
  }).pipe(Effect.catchTag("OverloadedError", () => Effect.succeed(`${text.slice(0, 20)}…`)))

const overloaded = new KimiError.classes.OverloadedError({ message: "The engine is currently overloaded" })

const test = Effect.gen(function* () {
  assert.strictEqual(yield* summarize("A long story about a whale."), "A whale story.")
  assert.strictEqual(yield* summarize("A long story about a whale."), "A long story about a…")
  const mock = yield* MockKimiClient.MockKimiClient
  assert.strictEqual((yield* mock.requests).length, 2)
  yield* Console.log("2 tests passed")
}).pipe(Effect.provide(MockKimiClient.layer({ chat: ["A whale story.", overloaded] })))

await Effect.runPromise(test)
