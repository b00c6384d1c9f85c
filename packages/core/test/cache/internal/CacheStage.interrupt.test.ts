import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Random, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as CacheControl from "../../../src/cache/CacheControl.ts"
import { StreamInterruptedError } from "../../../src/errors/StreamErrors.ts"
import type { StreamEvent } from "../../../src/models/StreamEvent.ts"
import * as StreamFold from "../../../src/models/StreamFold.ts"
import type { Attempt, Call, StreamAttempt } from "../../../src/pipeline/Call.ts"
import { callOf, finish, makeMemory, response, start, text } from "../support/cache.ts"

const pieces = ["one ", "two ", "three"]
const whole = pieces.join("")
const cut = new StreamInterruptedError({ message: "cut" })

/** A host that counts open streams, and fails at random. */
const slowHost = (isLucky: (part: number) => boolean) => {
  let open = 0
  let opened = 0
  const counted = {
    begin: Effect.sync(() => {
      open += 1
      opened += 1
    }),
    end: Effect.sync(() => void (open -= 1))
  }
  const attempt: Attempt = () =>
    Effect.acquireUseRelease(
      counted.begin,
      () => Effect.delay(Effect.succeed(response(whole)), "9 millis"),
      () => counted.end
    )
  const stream: StreamAttempt = () =>
    Stream.unwrap(
      Effect.as(
        Effect.acquireRelease(counted.begin, () => counted.end),
        Stream.fromArray<StreamEvent>([start, ...pieces.map((piece) => text(piece)), finish]).pipe(
          Stream.rechunk(1),
          Stream.mapEffect((event) =>
            Effect.delay(isLucky(0.02) ? Effect.fail(cut) : Effect.succeed(event), "2 millis")
          )
        )
      )
    )
  return { attempt, stream, open: () => open, opened: () => opened }
}

const modes = ["use", "use", "use", "refresh", "bypass", "onlyIfCached"] as const

describe("CacheStage", () => {
  it.effect("leaves nothing behind after 1,000 random interruptions", () =>
    Effect.gen(function* () {
      const chance = yield* Random.Random
      const between = (from: number, to: number) => from + Math.floor(chance.nextDoubleUnsafe() * (to - from))
      const isLucky = (part: number) => chance.nextDoubleUnsafe() < part
      const cache = yield* makeMemory({ timeToLive: Duration.millis(60), staleAfter: Duration.millis(30) })
      const host = slowHost(isLucky)
      const stage = cache.stage()
      const chat = stage.effect(host.attempt)
      const stream = stage.stream(host.stream)
      let completed = 0
      let served = 0
      const readAll = (call: Call, pause: number) =>
        Stream.runCollect(
          Stream.tap(stream(call), () => (pause === 0 ? Effect.void : Effect.sleep(Duration.millis(pause))))
        ).pipe(
          Effect.map((events) => {
            const answer = StreamFold.fold(events)
            if (answer._tag === "None") return assert.fail("a stream without an end")
            return answer.value
          })
        )
      const one = Effect.gen(function* () {
        const call = callOf(`lookup ${between(0, 6)}`)
        yield* Effect.sleep(Duration.millis(between(0, 1_000)))
        const asked = isLucky(0.5) ? chat(call) : readAll(call, between(0, 3))
        const mode = modes[between(0, modes.length)] ?? "use"
        const fiber = yield* Effect.forkChild(CacheControl.provide({ mode })(asked))
        yield* Effect.sleep(Duration.millis(between(0, 25)))
        for (let turn = between(0, 5); turn > 0; turn--) yield* Effect.yieldNow
        yield* Fiber.interrupt(fiber)
        const exit = yield* Fiber.await(fiber)
        assert.isFalse(Exit.hasDies(exit), String(exit))
        if (Exit.isFailure(exit)) return
        assert.strictEqual(exit.value.text, whole)
        completed += 1
        if (exit.value.cached !== undefined) served += 1
      })
      const all = yield* Effect.forkChild(
        Effect.all(
          Array.from({ length: 1_000 }, () => one),
          { concurrency: "unbounded", discard: true }
        )
      )
      for (let millis = 0; millis < 1_100; millis++) yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(all.pollUnsafe(), Exit.void)
      const { flights, refreshes } = yield* cache.statistics
      assert.strictEqual(flights, 0)
      assert.strictEqual(refreshes.running, 0)
      assert.strictEqual(host.open(), 0)
      assert.isAtLeast(completed, 300)
      assert.isAtLeast(served, 100)
      assert.isAtLeast(refreshes.started, 20)
      assert.isAtMost(host.opened(), 700)
    }).pipe(Random.withSeed("interrupted"))
  )
})
