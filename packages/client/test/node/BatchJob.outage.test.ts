/** Jobs whose host fails for some time. */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Journal from "@kimi-effect/client/journal/Journal"
import { Deferred, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as KimiClient from "../../src/KimiClient.ts"
import * as BatchJob from "../../src/node/BatchJob.ts"
import * as SharedBatchJob from "../../src/node/SharedBatchJob.ts"
import { numbers } from "../support/batch.ts"
import { circuitKey, withOutage } from "../support/outage.ts"
import { lineOf, linesOf } from "./support/batch/answered.ts"
import { folder } from "./support/files.ts"

const stop = { outage: "10 seconds" } as const

/** Lets time pass in steps until the effect ends: its files are read and written between them. */
const passing = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    while (fiber.pollUnsafe() === undefined) {
      yield* TestClock.adjust("100 millis")
      yield* Effect.yieldNow
    }
    return yield* Fiber.join(fiber)
  })

/** A job of 40 rows. */
const files = Effect.map(folder, (path) => {
  const input = join(path, "in.jsonl")
  const text = numbers(40)
    .map((number) => lineOf(`${number}`))
    .join("\n")
  writeFileSync(input, text)
  return { input, output: join(path, "out.jsonl") }
})

describe("a job during an outage of the host", () => {
  for (const order of ["completion", "input"] as const) {
    it.effect(`is continued by the same command in the order ${order}`, () =>
      withOutage((outage, circuits) =>
        Effect.gen(function* () {
          const options = { ...(yield* files), order, stop }
          yield* circuits.isolate(circuitKey)
          let progress: BatchJob.JobProgress | undefined
          const onProgress = (current: BatchJob.JobProgress) => Effect.sync(() => void (progress = current))
          const stopped = yield* passing(BatchJob.run({ ...options, onProgress }))
          assert.deepInclude(progress, { done: 0, failed: 0, isFinal: true })
          assert.deepInclude(stopped, { answered: 0, failed: 0 })
          assert.deepInclude(stopped.stopped, { _tag: "Error", tag: "CircuitOpenError" })
          assert.strictEqual(readFileSync(options.output, "utf8"), "")

          yield* circuits.reset(circuitKey)
          const continued = yield* passing(BatchJob.run(options))
          assert.deepInclude(continued, { answered: 40, failed: 0, resumed: 0, stopped: undefined })
          assert.strictEqual(linesOf(readFileSync(options.output, "utf8")).length, 40)
          assert.strictEqual(outage.sent, 40)
        })
      )
    )
  }

  it.effect("is continued when it is shared", () =>
    withOutage((outage, circuits) =>
      Effect.gen(function* () {
        const { input } = yield* files
        const options = { id: "outage", input, stop }
        yield* circuits.isolate(circuitKey)
        const stopped = yield* passing(SharedBatchJob.run(options))
        assert.deepInclude(stopped, { done: 0, isComplete: false })
        assert.deepInclude(stopped.own, { done: 0, failed: 0 })
        assert.deepInclude(stopped.stopped, { _tag: "Error", tag: "CircuitOpenError" })

        yield* circuits.reset(circuitKey)
        const continued = yield* passing(SharedBatchJob.run(options))
        assert.deepInclude(continued, { done: 40, isComplete: true, stopped: undefined })
        assert.strictEqual(outage.sent, 40)
      }).pipe(Effect.provide(Journal.layerMemory()))
    )
  )

  it.effect("leaves rows that wait when it is shared, as soon as its cancellation is found", () =>
    withOutage((outage, circuits) =>
      Effect.gen(function* () {
        const { input } = yield* files
        yield* circuits.isolate(circuitKey)
        const client = yield* KimiClient.KimiClient
        const waiting = yield* Deferred.make<void>()
        let calls = 0
        const chat: typeof client.chat = (request) =>
          Effect.suspend(() => {
            calls += 1
            return Effect.andThen(
              calls === 4 ? Deferred.succeed(waiting, undefined) : Effect.void,
              client.chat(request)
            )
          })
        const fiber = yield* SharedBatchJob.run({ id: "outage", input, concurrency: 4, pollInterval: "1 second" }).pipe(
          Effect.provideService(KimiClient.KimiClient, { ...client, chat }),
          Effect.forkChild
        )
        yield* Deferred.await(waiting)
        yield* TestClock.adjust("60 seconds")
        yield* SharedBatchJob.cancel("outage")
        yield* TestClock.adjust("1 second")
        // No time passes.
        const result = yield* Fiber.join(fiber)
        assert.deepInclude(result, { done: 0, isCancelled: true, stopped: undefined })
        assert.deepStrictEqual(result.ranges, { waiting: 1, leased: 0, completed: 0 })
        assert.deepInclude(result.own, { done: 0, failed: 0, elapsed: 61_000 })
        assert.strictEqual(outage.sent, 0)
      }).pipe(Effect.provide(Journal.layerMemory()))
    )
  )
})
