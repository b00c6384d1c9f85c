import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { ChatRequest } from "@kimi-effect/core"
import * as Batch from "../../../src/batch/Batch.ts"
import { ask, passing, withHost } from "../../support/batch.ts"

interface Closing {
  /** What `return` does. */
  readonly close: () => void
  /** Rows after which a read waits for ever. */
  readonly rows?: number
}

/** Rows of which the first one stops the batch. */
const sync = ({ close }: Closing): Iterable<ChatRequest> => ({
  [Symbol.iterator]: () => ({
    next: () => ({ done: false, value: ask("broke") }),
    return: () => {
      close()
      return { done: true, value: undefined }
    }
  })
})

const async = ({ close, rows = Infinity }: Closing): AsyncIterable<ChatRequest> => ({
  [Symbol.asyncIterator]: () => {
    let count = 0
    return {
      next: () => {
        count += 1
        return count > rows ? new Promise(() => {}) : Promise.resolve({ done: false, value: ask("broke") })
      },
      return: async () => {
        close()
        return { done: true, value: undefined }
      }
    }
  }
})

const syncRows = (make: () => Iterator<ChatRequest>): Iterable<ChatRequest> => ({ [Symbol.iterator]: make })

const asyncRows = (make: () => AsyncIterator<ChatRequest>): AsyncIterable<ChatRequest> => ({
  [Symbol.asyncIterator]: make
})

/** A close that never ends, whose promise a program in JavaScript returns from an iterator too. */
const never = () => new Promise<never>(() => {}) as never

/** What a program in JavaScript may return. */
const noResult = 1 as never

const failing = () => {
  throw new Error("not closed")
}

describe("RowInput", () => {
  for (const [name, input] of [
    ["an iterator", sync],
    ["an async iterator", async],
    ["an async iterator that is waiting", (closing: Closing) => async({ ...closing, rows: 1 })]
  ] as const) {
    it.effect(`closes ${name} when the batch stops`, () =>
      withHost(
        Effect.gen(function* () {
          let closed = 0
          const { progress } = yield* passing(Batch.run(input({ close: () => void (closed += 1) })))
          assert.strictEqual(progress.stopped?._tag, "Error")
          assert.strictEqual(closed, 1)
        })
      )
    )

    it.effect(`returns what a stopped batch has when ${name} cannot be closed`, () =>
      withHost(
        Effect.gen(function* () {
          const { progress, responses } = yield* passing(Batch.run(input({ close: failing })))
          assert.strictEqual(progress.stopped?._tag, "Error")
          assert.strictEqual(responses.length, progress.done)
        })
      )
    )
  }

  for (const [name, rows] of [
    ["an iterator", syncRows(() => ({ next: () => ({ done: false, value: ask("broke") }), return: never }))],
    [
      "an async iterator",
      asyncRows(() => ({ next: async () => ({ done: false, value: ask("broke") }), return: never }))
    ]
  ] as const) {
    it.effect(`waits a second for ${name} that is never closed`, () =>
      withHost(
        Effect.gen(function* () {
          const fiber = yield* Effect.forkChild(Batch.run(rows, { concurrency: 1 }))
          yield* TestClock.adjust("999 millis")
          assert.isUndefined(fiber.pollUnsafe())
          yield* TestClock.adjust("1 millis")
          const { responses } = yield* Fiber.join(fiber)
          assert.strictEqual(responses.length, 1)
        })
      )
    )

    it.effect(`can be interrupted while ${name} is never closed`, () =>
      withHost(
        Effect.gen(function* () {
          const fiber = yield* Effect.forkChild(Stream.runHead(Batch.stream(rows, { concurrency: 1 })))
          yield* TestClock.adjust(0)
          const interrupting = yield* Effect.forkChild(Fiber.interrupt(fiber))
          yield* TestClock.adjust("1 second")
          yield* Fiber.join(interrupting)
        })
      )
    )
  }

  for (const [name, rows] of [
    ["an iterator", syncRows(() => ({ next: () => noResult }))],
    ["an async iterator", asyncRows(() => ({ next: async () => noResult }))]
  ] as const) {
    it.effect(`fails if ${name} returns no object`, () =>
      withHost(
        Effect.gen(function* () {
          const exit = yield* passing(Effect.exit(Stream.runDrain(Stream.take(Batch.stream(rows), 3))))
          assert.deepStrictEqual(exit, Exit.die(new TypeError("Iterator result 1 is not an object")))
        })
      )
    )
  }

  it.effect("fails with the error of an async iterator, which is not closed", () =>
    withHost(
      Effect.gen(function* () {
        let closed = 0
        const rows: AsyncIterable<ChatRequest> = {
          [Symbol.asyncIterator]: () => ({
            next: () => Promise.reject(new Error("no rows")),
            return: async () => {
              closed += 1
              return { done: true, value: undefined }
            }
          })
        }
        const exit = yield* passing(Effect.exit(Stream.runDrain(Batch.stream(rows))))
        assert.deepStrictEqual(exit, Exit.die(new Error("no rows")))
        assert.strictEqual(closed, 0)
      })
    )
  )
})
