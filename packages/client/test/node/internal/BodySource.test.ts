import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { BodySource } from "../../../src/node/internal/BodySource.ts"

const piece = new Uint8Array([1])

const readAll = (source: BodySource): Effect.Effect<number, unknown> =>
  Effect.tryPromise(async () => {
    let count = 0
    for await (const { length } of source) count += length
    return count
  })

describe("the body of a request", () => {
  it.effect("is read to its end", () =>
    Effect.gen(function* () {
      const source = new BodySource(Stream.toAsyncIterable(Stream.make(piece, piece)))
      assert.strictEqual(yield* readAll(source), 2)
    })
  )

  it.effect("does not end like a complete one when it is left", () =>
    Effect.gen(function* () {
      const source = new BodySource(Stream.toAsyncIterable(Stream.concat(Stream.make(piece), Stream.never)))
      const iterator = source[Symbol.asyncIterator]()
      yield* Effect.promise(() => iterator.next())
      const last = iterator.next()
      source.close()
      yield* Effect.flip(Effect.tryPromise(() => last))
    })
  )

  it.effect("does not begin after it was left", () =>
    Effect.gen(function* () {
      const source = new BodySource(Stream.toAsyncIterable(Stream.make(piece)))
      source.close()
      yield* Effect.flip(readAll(source))
    })
  )
})
