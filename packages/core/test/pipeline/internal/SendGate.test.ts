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
      const enter = Effect.sync(() => void steps.push(`gate, unsent: ${state.isUnsent}`))
      const gate = { enter, leave: () => void steps.push("left") }
      const send = gated(() => Effect.sync(() => void steps.push("sent")))
      yield* send(call).pipe(Effect.provideService(SendGate, gate), Effect.provideService(CurrentSendState, state))
      assert.deepStrictEqual(steps, ["gate, unsent: true", "sent"])
    })
  )

  it.effect("is left by an attempt that fails", () =>
    Effect.gen(function* () {
      let left = 0
      const gate = { enter: Effect.void, leave: () => void left++ }
      const send = gated(() => Effect.fail("refused"))
      assert.strictEqual(yield* Effect.flip(Effect.provideService(send(call), SendGate, gate)), "refused")
      assert.strictEqual(left, 1)
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
