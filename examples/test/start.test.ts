import { assert, describe, it } from "@effect/vitest"
import { MockServer } from "@kimi-effect/testing/node"
import * as Effect from "effect/Effect"
import { outputOf } from "./support/program.ts"

describe("npm start", () => {
  it.live("states without a key that the answer is not one to the question", () =>
    Effect.gen(function* () {
      const output = yield* outputOf("start", ["chat", "How are you?"], {})
      assert.include(output, 'This is the recorded answer to "Hello world!"')
    })
  )

  it.live("calls the host with the key in MOONSHOT_API_KEY", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      yield* outputOf("start", ["chat", "How are you?"], { MOONSHOT_API_KEY: "sk-test", KIMI_BASE_URL: server.url })
      assert.lengthOf(yield* server.requests, 1)
    }).pipe(Effect.scoped)
  )
})
