import { existsSync, readFileSync } from "node:fs"
import { gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { MockProvider } from "@kimi-effect/testing"
import { Deferred, Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as BatchJob from "../../src/node/BatchJob.ts"
import { inFolder, lineOf } from "./support/batch/answered.ts"

const bytesOf = (text: string | Buffer): Stream.Stream<Uint8Array> => Stream.make(Buffer.from(text as string))

/** A stream that waits after some bytes, and whether it is open. */
const waiting = (first: Stream.Stream<Uint8Array> = Stream.empty) => {
  const started = Deferred.makeUnsafe<void>()
  let isOpen = false
  const input = Stream.concat(
    first,
    Stream.fromEffect(Effect.andThen(Deferred.succeed(started, undefined), Effect.never))
  ).pipe(
    Stream.onStart(Effect.sync(() => void (isOpen = true))),
    Stream.ensuring(Effect.sync(() => void (isOpen = false)))
  )
  return { input, started: Deferred.await(started), isOpen: () => isOpen }
}

/** As the generators of JavaScript, whose end waits for the read that is pending. */
const generated = () => {
  const started = Deferred.makeUnsafe<void>()
  const read = async function* (): AsyncGenerator<Uint8Array> {
    Deferred.doneUnsafe(started, Effect.void)
    await new Promise(() => {})
    yield new Uint8Array()
  }
  return { input: Stream.fromAsyncIterable(read(), String), started: Deferred.await(started), isOpen: () => false }
}

const stop = { deadline: "10 seconds" } as const

const stopped = { stopped: { _tag: "Deadline" }, rejected: 0, duplicateIds: 0 } as const

describe("the deadline of a job", () => {
  for (const [name, make] of [
    ["has no byte", () => waiting()],
    ["has less than two lines", () => waiting(bytesOf(`${lineOf("a")}\n`))],
    ["is compressed", () => waiting(bytesOf(gzipSync(lineOf("a")).subarray(0, 20)))],
    ["is a generator", generated]
  ] as const) {
    for (const order of ["completion", "input"] as const) {
      it.effect(`ends it in the order ${order} while its stream ${name}`, () =>
        inFolder((path) =>
          Effect.gen(function* () {
            const { input, isOpen, started } = make()
            const output = path("out.jsonl")
            const fiber = yield* Effect.forkChild(BatchJob.run({ input, output, order, stop }))
            yield* started
            yield* TestClock.adjust("9999 millis")
            assert.isUndefined(fiber.pollUnsafe())
            yield* TestClock.adjust("1 millis")
            assert.deepInclude(yield* Fiber.join(fiber), { ...stopped, answered: 0, failed: 0, resumed: 0 })
            assert.isFalse(isOpen())
            assert.isFalse(existsSync(output))
          })
        )
      )
    }
  }

  it.effect("is not counted again when its stream is there", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const mock = yield* MockProvider.MockProvider
        const input = Stream.concat(
          Stream.fromEffect(Effect.as(Effect.sleep("6 seconds"), new Uint8Array())),
          bytesOf(["a", "never"].map(lineOf).join("\n"))
        )
        const fiber = yield* Effect.forkChild(BatchJob.run({ input, output: path("out.jsonl"), concurrency: 1, stop }))
        yield* TestClock.adjust("6 seconds")
        while ((yield* mock.requests).length < 2) yield* Effect.yieldNow
        yield* TestClock.adjust("3999 millis")
        assert.isUndefined(fiber.pollUnsafe())
        yield* TestClock.adjust("1 millis")
        assert.deepInclude(yield* Fiber.join(fiber), { ...stopped, answered: 1, resumed: 0 })
        assert.strictEqual((yield* BatchJob.status(path("out.jsonl"))).state, "stopped")
      })
    )
  )

  it.effect("counts the rows of earlier runs when its stream was not there", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const output = path("out.jsonl")
        yield* BatchJob.run({ input: bytesOf(["a", "fail"].map(lineOf).join("\n")), output })
        const record = readFileSync(`${output}.job.json`, "utf8")
        const { input, started } = waiting()
        const seen: Array<BatchJob.JobProgress> = []
        const onProgress = (progress: BatchJob.JobProgress) => Effect.sync(() => seen.push(progress))
        const fiber = yield* Effect.forkChild(BatchJob.run({ input, output, stop, onProgress }))
        yield* started
        yield* TestClock.adjust("10 seconds")
        const result = yield* Fiber.join(fiber)
        assert.deepInclude(result, { ...stopped, answered: 1, failed: 1, resumed: 2 })
        assert.notProperty(result, "state")
        assert.lengthOf(seen, 1)
        assert.deepInclude(seen[0], { isFinal: true, resumed: 2, done: 0, stopped: { _tag: "Deadline" } })
        assert.strictEqual(seen[0]?.before.failed, 1)
        assert.strictEqual(readFileSync(`${output}.job.json`, "utf8"), record)
      })
    )
  )

  it.effect("ends it while the stream of an output that is a function is not there", () =>
    inFolder(() =>
      Effect.gen(function* () {
        const { input, started } = waiting()
        const fiber = yield* Effect.forkChild(BatchJob.run({ input, output: () => Effect.void, stop }))
        yield* started
        yield* TestClock.adjust("10 seconds")
        assert.deepInclude(yield* Fiber.join(fiber), { ...stopped, answered: 0 })
      })
    )
  )
})

describe("a job whose stream is not there", () => {
  for (const [name, make] of [
    ["", waiting],
    [", a generator,", generated]
  ] as const) {
    it.effect(`is interrupted at once${name} without a call of onProgress`, () =>
      inFolder((path) =>
        Effect.gen(function* () {
          const { input, isOpen, started } = make()
          let calls = 0
          const onProgress = () => Effect.sync(() => void (calls += 1))
          const fiber = yield* Effect.forkChild(BatchJob.run({ input, output: path("out.jsonl"), onProgress }))
          yield* started
          yield* TestClock.adjust("10 seconds")
          yield* Fiber.interrupt(fiber)
          assert.isFalse(isOpen())
          assert.strictEqual(calls, 0)
        })
      )
    )
  }
})
