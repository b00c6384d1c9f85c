import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { jumps, withWallClock } from "../../../../test/support/wallClock.ts"
import * as Hedge from "../../src/resilience/Hedge.ts"
import { call, elapse, scripted } from "./support/hedge.ts"

describe("the delay of Hedge", () => {
  for (const [name, jump] of jumps) {
    it.effect(`is the percentile of latencies when the clock is set ${name}`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const hedge = yield* Hedge.make({ percentile: 0.5, minimumSamples: 3, minimumDelay: "1 millis" })
          const first = (millis: number) => Stream.runDrain(hedge.stream(scripted({ first: millis }).stream)(call))
          const jumping = Effect.delay(
            Effect.sync(() => set(jump)),
            "50 millis"
          )
          for (let i = 0; i < 3; i++) yield* elapse(Effect.all([first(100), jumping], { concurrency: 2 }))
          yield* elapse(first(100))
          assert.strictEqual((yield* hedge.state).hedges, 0)
          yield* elapse(first(101))
          assert.strictEqual((yield* hedge.state).hedges, 1)
        })
      )
    )
  }
})
