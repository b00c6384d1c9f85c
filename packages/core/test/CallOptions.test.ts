import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import * as CallOptions from "../src/CallOptions.ts"

const current = Effect.map(CallOptions.CallOptions, (options) => options)

describe("CallOptions", () => {
  it("knows its priorities, the most urgent first", () => {
    assert.deepStrictEqual([...CallOptions.priorities], ["interactive", "batch", "swarm"])
  })

  it.effect("are interactive and of no tenant by default", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* current, { priority: "interactive", tenant: "" })
    })
  )

  it.effect("are set inside and as before outside", () =>
    Effect.gen(function* () {
      const inside = yield* CallOptions.provide({ priority: "batch", tenant: "reports" })(current)
      assert.deepStrictEqual(inside, { priority: "batch", tenant: "reports" })
      assert.deepStrictEqual(yield* current, { priority: "interactive", tenant: "" })
    })
  )

  it.effect("keep what an inner one leaves out, and the inner one wins", () =>
    Effect.gen(function* () {
      const all = Effect.all([
        current,
        CallOptions.provide({ tenant: "b" })(current),
        CallOptions.provide({ priority: "swarm" })(CallOptions.provide({})(current)),
        CallOptions.provide({ priority: "batch", tenant: "c" })(current)
      ])
      assert.deepStrictEqual(yield* CallOptions.provide({ tenant: "a" })(all), [
        { priority: "interactive", tenant: "a" },
        { priority: "interactive", tenant: "b" },
        { priority: "swarm", tenant: "a" },
        { priority: "batch", tenant: "c" }
      ])
    })
  )

  it.effect("hold for fibers that are started inside", () =>
    Effect.gen(function* () {
      const fiber = yield* CallOptions.provide({ tenant: "a" })(Effect.forkChild(current))
      assert.strictEqual((yield* Fiber.join(fiber)).tenant, "a")
    })
  )

  it.effect("hold for a stream that is run inside, wherever it was made", () =>
    Effect.gen(function* () {
      const stream = Stream.mapEffect(Stream.make(1, 2), () => Effect.map(current, ({ tenant }) => tenant))
      assert.deepStrictEqual(yield* CallOptions.provide({ tenant: "a" })(Stream.runCollect(stream)), ["a", "a"])
      assert.deepStrictEqual(yield* Stream.runCollect(stream), ["", ""])
      const made = yield* CallOptions.provide({ tenant: "a" })(Effect.sync(() => stream))
      assert.deepStrictEqual(yield* Stream.runCollect(made), ["", ""])
    })
  )
})
