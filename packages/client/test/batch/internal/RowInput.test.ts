import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Stream } from "effect"
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
