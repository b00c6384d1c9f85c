import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Redacted } from "effect"
import { ConfigurationError } from "../../src/errors/ConfigurationErrors.ts"
import * as LiveConfig from "../../src/reload/LiveConfig.ts"
import * as Settings from "../../src/reload/Settings.ts"
import { listen, modelOf } from "./support/live.ts"

const refusal = (name: string) => ConfigurationError.of([{ name, expected: "something else" }])

describe("LiveConfig.register", () => {
  /** A participant that records its changes, and rejects models that start with its name. */
  const participant =
    (name: string, log: Array<string>): LiveConfig.Participant =>
    ({ config: { model = "" } }) =>
      Effect.suspend(() => {
        if (model.startsWith(name)) return Effect.fail(refusal(name))
        log.push(`${name} prepared ${model}`)
        return Effect.succeed({
          commit: Effect.sync(() => void log.push(`${name} uses ${model}`)),
          discard: Effect.sync(() => void log.push(`${name} discards ${model}`))
        })
      })

  const make = LiveConfig.make((set) => Settings.make({ apiKey: Redacted.make("sk-1"), model: "0", ...set }))

  it.effect("commits a change when all participants are prepared", () =>
    Effect.gen(function* () {
      const live = yield* make
      const log: Array<string> = []
      yield* live.register(participant("a", log))
      yield* live.register(participant("b", log))
      yield* live.set({ model: "1" })
      assert.deepStrictEqual(log, [
        "a prepared 0",
        "a uses 0",
        "b prepared 0",
        "b uses 0",
        "a prepared 1",
        "b prepared 1",
        "a uses 1",
        "b uses 1"
      ])
    })
  )

  it.effect("rejects a change for every participant with the reasons of all", () =>
    Effect.gen(function* () {
      const live = yield* make
      const log: Array<string> = []
      for (const name of ["a", "b", "bc"]) yield* live.register(participant(name, log))
      log.length = 0
      const events = yield* listen(live)
      const error = yield* Effect.flip(live.set({ model: "bcd" }))
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["b", "bc"]
      )
      assert.deepStrictEqual(log, ["a prepared bcd", "a discards bcd"])
      assert.strictEqual(yield* modelOf(live), "0")
      yield* Effect.yieldNow
      assert.deepInclude(events[0], { _tag: "Rejected", issues: error.issues })
    })
  )

  it.effect("fails for a participant that rejects the settings in use", () =>
    Effect.gen(function* () {
      const live = yield* make
      const log: Array<string> = []
      const error = yield* Effect.flip(live.register(participant("0", log)))
      assert.deepStrictEqual(error.issues, refusal("0").issues)
      yield* live.set({ model: "1" })
      assert.deepStrictEqual(log, [])
    })
  )

  it.effect("skips participants whose scope is closed", () =>
    Effect.gen(function* () {
      const live = yield* make
      const log: Array<string> = []
      yield* Effect.scoped(live.register(participant("a", log)))
      log.length = 0
      yield* live.set({ model: "1" })
      assert.deepStrictEqual(log, [])
    })
  )

  it.effect("processes changes one after another", () =>
    Effect.gen(function* () {
      const live = yield* make
      const gate = yield* Deferred.make<void>()
      const log: Array<string> = []
      yield* live.register(({ config: { model } }) =>
        Effect.as(model === "slow" ? Deferred.await(gate) : Effect.void, {
          commit: Effect.sync(() => void log.push(`uses ${model}`)),
          discard: Effect.void
        })
      )
      const first = yield* Effect.forkChild(live.set({ model: "slow" }), { startImmediately: true })
      const second = yield* Effect.forkChild(live.set({ maxAttempts: 2 }), { startImmediately: true })
      assert.deepStrictEqual(log, ["uses 0"])
      yield* Deferred.succeed(gate, undefined)
      assert.deepStrictEqual(yield* Fiber.join(first), ["model"])
      assert.deepStrictEqual(yield* Fiber.join(second), ["maxAttempts"])
      assert.deepStrictEqual(log, ["uses 0", "uses slow", "uses slow"])
    })
  )

  it.effect("discards a change that is interrupted before the commit", () =>
    Effect.gen(function* () {
      const live = yield* make
      const log: Array<string> = []
      yield* live.register(participant("a", log))
      yield* live.register(({ config: { model } }) =>
        Effect.as(model === "slow" ? Effect.never : Effect.void, { commit: Effect.void, discard: Effect.void })
      )
      log.length = 0
      const fiber = yield* Effect.forkChild(live.set({ model: "slow" }), { startImmediately: true })
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(log, ["a prepared slow", "a discards slow"])
      assert.strictEqual(yield* modelOf(live), "0")
      assert.deepStrictEqual(yield* live.set({ model: "1" }), ["model"])
    })
  )
})
