import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { gated, SendGate } from "../../../src/pipeline/internal/SendGate.ts"
import { CurrentSendState, SendState } from "../../../src/pipeline/internal/SendState.ts"
import type { Call } from "../../../src/pipeline/Call.ts"

const call: Call = {
  account: "default",
  provider: "moonshot",
  request: { model: "kimi-k3", messages: [{ role: "user", content: "hello" }] }
}

describe("SendGate", () => {
  it.effect("is passed before an attempt is sent, which is unsent until then", () =>
    Effect.gen(function* () {
      const state = new SendState()
      const steps: Array<string> = []
      const gate = Effect.sync(() => void steps.push(`gate, unsent: ${state.isUnsent}`))
      const send = gated(() => Effect.sync(() => void steps.push("sent")))
      yield* send(call).pipe(Effect.provideService(SendGate, gate), Effect.provideService(CurrentSendState, state))
      assert.deepStrictEqual(steps, ["gate, unsent: true", "sent"])
    })
  )

  it.effect("changes nothing where there is none", () =>
    Effect.gen(function* () {
      const state = new SendState()
      const sent = gated((given: Call) => Effect.succeed(given))(call)
      assert.strictEqual(yield* Effect.provideService(sent, CurrentSendState, state), call)
      assert.isFalse(state.isUnsent)
    })
  )
})
