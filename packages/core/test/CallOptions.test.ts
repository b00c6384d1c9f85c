import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import * as CallOptions from "../src/CallOptions.ts"

const current = Effect.map(CallOptions.CallOptions, (options) => options)

const outermost = { priority: "interactive", tenant: "", job: "", agent: "" } as const

describe("CallOptions", () => {
  it("lists the priorities, the most urgent first", () => {
    assert.deepStrictEqual([...CallOptions.priorities], ["interactive", "batch", "swarm"])
  })

  it.effect("default to interactive, without tenant, job or agent", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* current, outermost)
    })
  )

  it.effect("apply to the given effect only", () =>
    Effect.gen(function* () {
      const inside = yield* CallOptions.provide({ priority: "batch", tenant: "reports", job: "nightly" })(current)
      assert.deepStrictEqual(inside, { ...outermost, priority: "batch", tenant: "reports", job: "nightly" })
      assert.deepStrictEqual(yield* current, outermost)
    })
  )

  it.effect("keep the outer value of an undefined option", () =>
    Effect.gen(function* () {
      const nothing = { priority: undefined, tenant: undefined, job: undefined, agent: undefined }
      const outer = CallOptions.provide({ tenant: "a", job: "b", agent: "c", priority: "swarm" })
      const kept = { tenant: "a", job: "b", agent: "c", priority: "swarm" } as const
      assert.deepStrictEqual(yield* outer(CallOptions.provide(nothing)(current)), kept)
      const streamed = Stream.fromEffect(current).pipe(CallOptions.provideStream(nothing))
      assert.deepStrictEqual(yield* outer(Stream.runCollect(streamed)), [kept])
    })
  )

  it.effect("override outer values with inner ones", () =>
    Effect.gen(function* () {
      const all = Effect.all([
        current,
        CallOptions.provide({ tenant: "b" })(current),
        CallOptions.provide({ priority: "swarm" })(CallOptions.provide({})(current)),
        CallOptions.provide({ priority: "batch", tenant: "c" })(current)
      ])
      assert.deepStrictEqual(yield* CallOptions.provide({ tenant: "a" })(all), [
        { ...outermost, tenant: "a" },
        { ...outermost, tenant: "b" },
        { ...outermost, priority: "swarm", tenant: "a" },
        { ...outermost, priority: "batch", tenant: "c" }
      ])
    })
  )

  it.effect("apply to fibers started in the effect", () =>
    Effect.gen(function* () {
      const fiber = yield* CallOptions.provide({ tenant: "a" })(Effect.forkChild(current))
      assert.strictEqual((yield* Fiber.join(fiber)).tenant, "a")
    })
  )

  it.effect("apply to a stream that runs in the effect, not to one made in it", () =>
    Effect.gen(function* () {
      const stream = Stream.mapEffect(Stream.make(1, 2), () => Effect.map(current, ({ tenant }) => tenant))
      assert.deepStrictEqual(yield* CallOptions.provide({ tenant: "a" })(Stream.runCollect(stream)), ["a", "a"])
      assert.deepStrictEqual(yield* Stream.runCollect(stream), ["", ""])
      const made = yield* CallOptions.provide({ tenant: "a" })(Effect.sync(() => stream))
      assert.deepStrictEqual(yield* Stream.runCollect(made), ["", ""])
    })
  )

  it.effect("provideStream applies wherever the stream runs", () =>
    Effect.gen(function* () {
      const stream = CallOptions.provideStream({ tenant: "acme" })(Stream.unwrap(Effect.map(current, Stream.succeed)))
      const seen = yield* CallOptions.provide({ tenant: "globex", job: "nightly" })(Stream.runCollect(stream))
      assert.deepStrictEqual([...seen], [{ ...outermost, tenant: "acme", job: "nightly" }])
    })
  )
})
