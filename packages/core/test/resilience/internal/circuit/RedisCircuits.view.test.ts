import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import { broken, fail, key, rejection, succeed, tag } from "../../support/breaker.ts"
import { processOf, remote, twoProcesses } from "../../support/redisCircuits.ts"

/** Uses this many circuits once. */
const useMany = (breaker: Parameters<typeof succeed>[0], count: number) =>
  Effect.forEach(Array.from({ length: count }), (_, index) => succeed(breaker, `model ${index}`))

describe("The states of many shared circuits", () => {
  it.effect("are all read from the store up to 128", () =>
    Effect.gen(function* () {
      const store = yield* remote
      const one = yield* processOf(store)
      yield* useMany(one, 128)
      store.asked = 0
      assert.strictEqual((yield* one.states).size, 128)
      assert.strictEqual(store.asked, 128)
    })
  )

  it.effect("are read from the store for 128 of them at most", () =>
    Effect.gen(function* () {
      const store = yield* remote
      const one = yield* processOf(store)
      yield* useMany(one, 140)
      store.asked = 0
      assert.strictEqual((yield* one.states).size, 140)
      assert.strictEqual(store.asked, 128)
    })
  )

  it.effect("are read first for circuits that are not closed", () =>
    Effect.gen(function* () {
      const { one, two } = yield* twoProcesses()
      yield* fail(one, broken, 3)
      yield* useMany(one, 140)
      assert.strictEqual(yield* tag(one), "Open")
      yield* two.reset(key)
      assert.strictEqual(yield* tag(one), "Closed")
    })
  )

  it.effect("are read first for closed circuits that were used last", () =>
    Effect.gen(function* () {
      const { one, two } = yield* twoProcesses({ tripPolicy: { _tag: "Consecutive", failures: 1 } })
      yield* useMany(one, 140)
      for (const name of ["model 0", "model 139"]) yield* Effect.flip(two.guard(name)(Effect.fail(broken)))
      const states = yield* one.states
      assert.strictEqual(states.get("model 0")?._tag, "Closed")
      assert.strictEqual(states.get("model 139")?._tag, "Open")
    })
  )

  it.effect("are read once for each circuit", () =>
    Effect.gen(function* () {
      const { one, two } = yield* twoProcesses({ tripPolicy: { _tag: "Consecutive", failures: 1 } })
      yield* useMany(one, 140)
      yield* fail(one)
      for (const name of ["model 12", "model 13"]) yield* Effect.flip(two.guard(name)(Effect.fail(broken)))
      const states = yield* one.states
      assert.strictEqual(states.get("model 12")?._tag, "Closed")
      assert.strictEqual(states.get("model 13")?._tag, "Open")
    })
  )

  it.effect("are read sixteen at a time", () =>
    Effect.gen(function* () {
      const store = yield* remote
      const one = yield* processOf(store)
      yield* useMany(one, 32)
      store.delay = Duration.millis(100)
      const states = yield* Effect.forkChild(one.states)
      yield* TestClock.adjust("199 millis")
      assert.isUndefined(states.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.isDefined(states.pollUnsafe())
    })
  )
})

describe("A shared circuit that this process opened", () => {
  it.effect("is published as open at once", () =>
    Effect.gen(function* () {
      const { one } = yield* twoProcesses()
      const seen: Array<readonly [from: string, to: string]> = []
      yield* Effect.forkChild(
        Stream.runForEach(one.transitions, ({ from, to }) => Effect.sync(() => seen.push([from, to]))),
        { startImmediately: true }
      )
      yield* succeed(one)
      yield* fail(one, broken, 3)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(seen, [["Closed", "Open"]])
    })
  )

  it.effect("rejects calls that wait for something else with the rest of its open duration", () =>
    Effect.gen(function* () {
      const { one } = yield* twoProcesses()
      const watched = one.watch(key)
      yield* fail(one, broken, 3)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(watched()?.retryAfter, Duration.seconds(9))
    })
  )

  it.effect("is published as open when it was forced", () =>
    Effect.gen(function* () {
      const { one } = yield* twoProcesses()
      const watched = one.watch(key)
      yield* one.forceOpen(key)
      assert.deepStrictEqual([watched()?.state, watched()?.retryAfter], ["open", Duration.seconds(10)])
    })
  )
})

describe("Restoring a circuit that is not forced", () => {
  it.effect("returns it to the store", () =>
    Effect.gen(function* () {
      const { one, two } = yield* twoProcesses()
      yield* succeed(one, "half-open")
      yield* one.forceClosed(key)
      yield* one.isolate("half-open")
      yield* one.restore(
        new Map([
          [key, { _tag: "Closed", epoch: 0, consecutiveFailures: 0, windowState: { _tag: "Count", calls: [] } }],
          ["half-open", { _tag: "HalfOpen", epoch: 1, successes: 0, lastProbeId: 0, probes: [], expiredProbes: [] }]
        ])
      )
      assert.strictEqual(yield* succeed(one, "half-open"), "answer")
      yield* fail(one, broken, 3)
      assert.strictEqual((yield* rejection(two)).state, "open")
    })
  )
})

describe("A slow call of a shared circuit", () => {
  it.effect("counts as a success in its failure rate", () =>
    Effect.gen(function* () {
      const { one } = yield* twoProcesses({ tripPolicy: { _tag: "Rate", threshold: 0.5, minimumCalls: 4, size: 10 } })
      yield* fail(one, broken, 3)
      const permit = yield* one.acquire(key)
      yield* permit.record("slow")
      assert.strictEqual((yield* rejection(one)).state, "open")
    })
  )
})

describe("Opening a shared circuit while another process changes it", () => {
  const rejecting = Effect.map(remote, (store) => ({ ...store, remove: () => Effect.void }))

  it.effect("opens it here when the store admits no call", () =>
    Effect.gen(function* () {
      const one = yield* processOf(yield* rejecting)
      yield* fail(one, broken, 3)
      yield* TestClock.adjust("4 seconds")
      yield* one.forceOpen(key)
      assert.deepStrictEqual((yield* rejection(one)).retryAfter, Duration.seconds(10))
    })
  )

  it.effect("opens it here when the store does not open it", () =>
    Effect.gen(function* () {
      const store = yield* remote
      const one = yield* processOf({
        ...store,
        circuits: { ...store.circuits, record: () => Effect.succeed(undefined) }
      })
      yield* one.forceOpen(key)
      assert.strictEqual((yield* rejection(one)).state, "open")
    })
  )
})
