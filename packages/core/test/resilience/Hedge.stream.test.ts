import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Duration, Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Hedge from "../../src/resilience/Hedge.ts"
import { call, elapse, errorOf, events, type Play, scripted, watched } from "./support/hedge.ts"

/** Runs one stream through a stage that hedges after 100 ms, and returns everything that was observed. */
const run = (...plays: ReadonlyArray<Play>) =>
  Effect.gen(function* () {
    const hedge = yield* Hedge.make({ delay: "100 millis" })
    const script = scripted(...plays)
    const watch = yield* elapse(watched(hedge.stream(script.stream)(call)))
    assert.strictEqual(script.open(), 0, "something is still open")
    const { calls, hedgeWins, hedges, refused } = yield* hedge.state
    return { ...watch, log: script.log, counts: [calls, hedges, hedgeWins, refused] }
  })

describe("Hedge on streams", () => {
  it.effect("does not hedge a stream that is not late", () =>
    Effect.gen(function* () {
      const { counts, end, log, seen } = yield* run({ first: 99, rest: 500 })
      assert.deepStrictEqual(seen, events(0))
      assert.strictEqual(end, 599)
      assert.deepStrictEqual(log, ["0: open 0", "599: close 0"])
      assert.deepStrictEqual(counts, [1, 0, 0, 0])
    })
  )

  it.effect("does not hedge a stream whose first content comes exactly at the delay", () =>
    Effect.gen(function* () {
      const { counts, log } = yield* run({ first: 100 })
      assert.deepStrictEqual(log, ["0: open 0", "100: close 0"])
      assert.deepStrictEqual(counts, [1, 0, 0, 0])
    })
  )

  it.effect("makes a second attempt exactly when the first content is late", () =>
    Effect.gen(function* () {
      const { counts, log, seen, times } = yield* run({ first: 5_000 }, { first: 30, rest: 200 })
      assert.deepStrictEqual(log, ["0: open 0", "100: open 1", "130: close 0", "330: close 1"])
      assert.deepStrictEqual(seen, events(1))
      assert.deepStrictEqual(times, [130, 130, 330, 330])
      assert.deepStrictEqual(counts, [1, 1, 1, 0])
    })
  )

  it.effect("uses the first attempt if it is still the first to respond", () =>
    Effect.gen(function* () {
      const { counts, log, seen, times } = yield* run({ first: 150, rest: 10 }, { first: 51 })
      assert.deepStrictEqual(log, ["0: open 0", "100: open 1", "150: close 1", "160: close 0"])
      assert.deepStrictEqual(seen, events(0))
      assert.deepStrictEqual(times, [150, 150, 160, 160])
      assert.deepStrictEqual(counts, [1, 1, 0, 0])
    })
  )

  it.effect("uses only one of two attempts that respond at the same time", () =>
    Effect.gen(function* () {
      const { log, seen, times } = yield* run({ first: 150, rest: 10 }, { first: 50 })
      assert.deepStrictEqual(seen, events(0))
      assert.deepStrictEqual(times, [150, 150, 160, 160])
      assert.deepStrictEqual(log, ["0: open 0", "100: open 1", "150: close 1", "160: close 0"])
    })
  )

  it.effect("closes a loser that opens despite its interruption before further events", () =>
    Effect.gen(function* () {
      for (const { first, second, winner } of [
        { first: 170, second: 50, winner: 1 },
        { first: 150, second: 70, winner: 0 }
      ]) {
        yield* TestClock.setTime(0)
        const { counts, log, seen, times } = yield* run(
          { first, rest: 10, isStubborn: true },
          { first: second, rest: 10, isStubborn: true }
        )
        assert.deepStrictEqual(seen, events(winner))
        assert.deepStrictEqual(times, [170, 170, 180, 180])
        assert.deepStrictEqual(log, ["0: open 0", "100: open 1", `170: close ${1 - winner}`, `180: close ${winner}`])
        assert.deepStrictEqual(counts, [1, 1, winner, 0])
      }
    })
  )

  it.effect("closes both attempts that opened at the same time", () =>
    Effect.gen(function* () {
      // Both wait for one gate and neither can be interrupted.
      const gate = yield* Deferred.make<void>()
      const log: Array<string> = []
      let runs = 0
      const both = Stream.unwrap(
        Effect.suspend(() => {
          const run = runs++
          return Effect.acquireRelease(Effect.succeed(run), () => Effect.sync(() => log.push(`close ${run}`)))
        }).pipe(
          Effect.tap(() => Deferred.await(gate)),
          Effect.uninterruptible,
          Effect.map((run) => Stream.fromIterable(events(run)))
        )
      )
      const hedge = yield* Hedge.make({ delay: "100 millis" })
      const fiber = yield* Effect.forkChild(
        watched(Stream.tap(hedge.stream(() => both)(call), (event) => Effect.sync(() => log.push(event._tag))))
      )
      yield* TestClock.adjust("100 millis")
      assert.strictEqual(runs, 2)
      yield* Deferred.succeed(gate, undefined)
      const { seen } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(seen, events(0))
      assert.deepStrictEqual(log, ["close 1", "Start", "TextDelta", "TextDelta", "Finish", "close 0"])
    })
  )

  it.effect("uses a first attempt that the start of the second completes", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      let open = 0
      let runs = 0
      const entangled = Stream.unwrap(
        Effect.suspend(() => {
          const run = runs++
          const work =
            run === 0 ? Deferred.await(gate) : Effect.andThen(Deferred.succeed(gate, undefined), Effect.never)
          return Effect.acquireRelease(
            Effect.sync(() => open++),
            () => Effect.sync(() => open--)
          ).pipe(Effect.andThen(work), Effect.as(Stream.fromIterable(events(run))))
        })
      )
      const hedge = yield* Hedge.make({ delay: "100 millis" })
      const { seen } = yield* elapse(watched(hedge.stream(() => entangled)(call)))
      assert.deepStrictEqual(seen, events(0))
      assert.strictEqual(runs, 2)
      assert.strictEqual(open, 0)
    })
  )

  it.effect("uses the first attempt if both respond before the race is observed", () =>
    Effect.gen(function* () {
      // A clock that does not wait, and a second attempt that ends the first and itself while it is being started.
      const gate = yield* Deferred.make<void>()
      const log: Array<string> = []
      let runs = 0
      const entangled = Stream.unwrap(
        Effect.suspend(() => {
          const run = runs++
          return Effect.acquireRelease(Effect.succeed(run), () => Effect.sync(() => log.push(`close ${run}`))).pipe(
            Effect.andThen(run === 0 ? Deferred.await(gate) : Deferred.succeed(gate, undefined)),
            Effect.as(Stream.fromIterable(events(run)))
          )
        })
      )
      const hedge = yield* Hedge.make({ delay: "100 millis" })
      const clock = yield* Clock.Clock
      const immediate: Clock.Clock = { ...clock, sleep: () => Effect.void }
      const stream = Stream.tap(hedge.stream(() => entangled)(call), (event) => Effect.sync(() => log.push(event._tag)))
      const seen = yield* Effect.provideService(Stream.runCollect(stream), Clock.Clock, immediate)
      assert.deepStrictEqual(seen, events(0))
      assert.deepStrictEqual(log, ["close 1", "Start", "TextDelta", "TextDelta", "Finish", "close 0"])
      assert.deepInclude(yield* hedge.state, { hedges: 1, hedgeWins: 0 })
    })
  )

  it.effect("waits until the loser is closed", () =>
    Effect.gen(function* () {
      const { log, times } = yield* run({ first: 5_000, closing: 20 }, { first: 30 })
      assert.deepStrictEqual(log, ["0: open 0", "100: open 1", "150: close 0", "150: close 1"])
      assert.deepStrictEqual(times, [150, 150, 150, 150])
    })
  )

  it.effect("fails with the error of a first attempt that fails before it is late", () =>
    Effect.gen(function* () {
      const { counts, end, error, log, seen } = yield* run({ first: 99, isBroken: true }, { first: 1 })
      assert.deepStrictEqual(error, errorOf(0))
      assert.deepStrictEqual(seen, [])
      assert.strictEqual(end, 99)
      assert.deepStrictEqual(log, ["0: open 0", "99: close 0"])
      assert.deepStrictEqual(counts, [1, 0, 0, 0])
    })
  )

  it.effect("continues with the second attempt if the first fails", () =>
    Effect.gen(function* () {
      const firstFails = yield* run({ first: 120, isBroken: true }, { first: 300 })
      assert.deepStrictEqual(firstFails.seen, events(1))
      assert.deepStrictEqual(firstFails.counts, [1, 1, 1, 0])
      assert.deepStrictEqual(firstFails.log, ["0: open 0", "100: open 1", "120: close 0", "400: close 1"])
    })
  )

  it.effect("continues with the first attempt if the second fails", () =>
    Effect.gen(function* () {
      const secondFails = yield* run({ first: 400 }, { first: 20, isBroken: true })
      assert.deepStrictEqual(secondFails.seen, events(0))
      assert.deepStrictEqual(secondFails.counts, [1, 1, 0, 0])
    })
  )

  it.effect("fails with the error of the first attempt if both fail in any order", () =>
    Effect.gen(function* () {
      for (const second of [10, 40, 200]) {
        yield* TestClock.setTime(0)
        const { counts, end, error, log, seen } = yield* run(
          { first: 140, isBroken: true },
          { first: second, isBroken: true }
        )
        assert.deepStrictEqual(error, errorOf(0))
        assert.deepStrictEqual(seen, [])
        assert.strictEqual(end, Math.max(140, 100 + second))
        assert.strictEqual(log.length, 4)
        assert.deepStrictEqual(counts, [1, 1, 0, 0])
      }
    })
  )

  it.effect("does not hedge a stream that fails late after its first content", () =>
    Effect.gen(function* () {
      const { counts, error, log, seen } = yield* run({ first: 10, rest: 5_000, isCut: true })
      assert.deepStrictEqual(seen, events(0).slice(0, 2))
      assert.deepStrictEqual(error, errorOf(0))
      assert.deepStrictEqual(log, ["0: open 0", "5010: close 0"])
      assert.deepStrictEqual(counts, [1, 0, 0, 0])
    })
  )

  it.effect("closes all attempts before an interrupted caller ends", () =>
    Effect.gen(function* () {
      for (const { at, opened } of [
        { at: 50, opened: 1 },
        { at: 150, opened: 2 }
      ]) {
        const hedge = yield* Hedge.make({ delay: "100 millis" })
        const script = scripted({ closing: 30 })
        const fiber = yield* Effect.forkChild(Stream.runDrain(hedge.stream(script.stream)(call)))
        yield* TestClock.adjust(Duration.millis(at))
        const interrupting = yield* Effect.forkChild(Fiber.interrupt(fiber))
        yield* TestClock.adjust("29 millis")
        assert.strictEqual(script.open(), opened)
        assert.isUndefined(interrupting.pollUnsafe())
        yield* TestClock.adjust("1 millis")
        assert.strictEqual(script.open(), 0)
        assert.isDefined(interrupting.pollUnsafe())
        // The timer is cancelled too: nothing is opened at 100.
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(script.opened(), opened)
      }
    })
  )

  it.effect("closes all attempts when the consumer leaves early", () =>
    Effect.gen(function* () {
      const hedge = yield* Hedge.make({ delay: "100 millis" })
      const script = scripted({ first: 5_000 }, { first: 30, rest: 60_000 })
      const left = yield* elapse(Stream.runCollect(Stream.take(hedge.stream(script.stream)(call), 2)))
      assert.deepStrictEqual(left, events(1).slice(0, 2))
      assert.deepStrictEqual(script.log, ["0: open 0", "100: open 1", "130: close 0", "130: close 1"])
    })
  )

  it.effect("hedges every run of a stream separately", () =>
    Effect.gen(function* () {
      const hedge = yield* Hedge.make({ delay: "100 millis" })
      const script = scripted({ first: 5_000 }, { first: 30 }, { first: 5_000 }, { first: 30 })
      const stream = hedge.stream(script.stream)(call)
      assert.strictEqual((yield* hedge.state).calls, 0)
      for (const run of [1, 3]) assert.deepStrictEqual((yield* elapse(watched(stream))).seen, events(run))
      assert.deepInclude(yield* hedge.state, { calls: 2, hedges: 2, hedgeWins: 2 })
    })
  )

  it.effect("leaves no timer after two thousand calls that are not late", () =>
    Effect.gen(function* () {
      let sleeping = 0
      const clock = yield* Clock.Clock
      const counting: Clock.Clock = {
        ...clock,
        sleep: (duration: Duration.Duration) =>
          Effect.suspend(() => {
            sleeping++
            return Effect.ensuring(
              clock.sleep(duration),
              Effect.sync(() => sleeping--)
            )
          })
      }
      const hedge = yield* Hedge.make({ delay: "100 millis" })
      const script = scripted({ first: 1 })
      const one = Stream.runDrain(hedge.stream(script.stream)(call))
      const all = Effect.all(
        Array.from({ length: 2_000 }, () => one),
        { concurrency: 50, discard: true }
      )
      const fiber = yield* Effect.forkChild(Effect.provideService(all, Clock.Clock, counting))
      yield* TestClock.adjust("99 millis")
      assert.isDefined(fiber.pollUnsafe())
      assert.strictEqual(sleeping, 0)
      assert.strictEqual(script.open(), 0)
    })
  )
})
