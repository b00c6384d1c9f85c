import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option } from "effect"
import * as Deflate from "../../../../src/cache/internal/envelope/Deflate.ts"

const text = new TextEncoder().encode("the same again and again, ".repeat(1_000))

/** Replaces the platform's stream. */
const withStream = <A>(Stream: new () => object, use: Effect.Effect<A>) =>
  Effect.suspend(() => {
    const original = globalThis.DecompressionStream
    Object.assign(globalThis, { DecompressionStream: Stream })
    return Effect.ensuring(
      use,
      Effect.sync(() => Object.assign(globalThis, { DecompressionStream: original }))
    )
  })

/** A stream that never takes all input, and reports which of its sides are stopped. */
const withStuck = <A>(
  pull: (controller: ReadableStreamDefaultController<Uint8Array>) => void,
  use: (stopped: () => ReadonlyArray<string>) => Effect.Effect<A>
) => {
  const stopped: Array<string> = []
  class Stuck {
    readonly writable = new WritableStream<Uint8Array>({
      start: ({ signal }) => signal.addEventListener("abort", () => stopped.push("writable")),
      write: () => new Promise<void>(() => undefined)
    })
    readonly readable = new ReadableStream<Uint8Array>({ pull, cancel: () => void stopped.push("readable") })
  }
  return withStream(
    Stuck,
    use(() => stopped)
  )
}

/** Replaces the platform's stream by one that emits chunk after chunk, and counts the bytes. */
const withEndless = <A>(use: (handedOut: () => number) => Effect.Effect<A>) =>
  Effect.suspend(() => {
    let bytes = 0
    class Endless {
      readonly writable = new WritableStream<Uint8Array>()
      readonly readable = new ReadableStream<Uint8Array>({
        pull: (controller) => {
          bytes += 1_000
          if (bytes > 10_000_000) controller.close()
          else controller.enqueue(new Uint8Array(1_000))
        }
      })
    }
    return withStream(
      Endless,
      use(() => bytes)
    )
  })

describe("Deflate", () => {
  it.effect("decompresses what it has compressed", () =>
    Effect.gen(function* () {
      const smaller = Option.getOrThrow(yield* Deflate.compress(text))
      assert.isBelow(smaller.length, 500)
      assert.deepStrictEqual(yield* Deflate.decompress(smaller, text.length), Option.some(text))
      for (const length of [0, text.length - 1, text.length + 1]) {
        assert.deepStrictEqual(yield* Deflate.decompress(smaller, length), Option.none())
      }
    })
  )

  it.effect("decompresses no more than the given length", () =>
    withEndless((handedOut) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* Deflate.decompress(text, 50_000), Option.none())
        assert.isAtMost(handedOut(), 55_000)
      })
    )
  )

  it.effect("can be interrupted at any moment without an unhandled rejection", () =>
    Effect.gen(function* () {
      const large = new Uint8Array(3_000_000).map((_, i) => (i * i) >>> 3)
      const smaller = Option.getOrThrow(yield* Deflate.compress(large))
      for (let turns = 0; turns < 30; turns++) {
        for (const work of [
          Deflate.compress(large),
          Deflate.decompress(smaller, large.length),
          Deflate.decompress(text, 10)
        ]) {
          const fiber = yield* Effect.forkChild(work)
          for (let turn = 0; turn < turns; turn++)
            yield* Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))
          yield* Fiber.interrupt(fiber)
        }
      }
      yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 0)))
      assert.deepStrictEqual(yield* Deflate.decompress(smaller, large.length), Option.some(large))
    })
  )

  it.effect("does not decompress damaged bytes", () =>
    Effect.gen(function* () {
      const damaged = Uint8Array.from({ length: 100 }, () => 255)
      assert.deepStrictEqual(yield* Deflate.decompress(damaged, 1_000), Option.none())
    })
  )

  it.effect("does not compress bytes to as many bytes", () =>
    Effect.gen(function* () {
      // A repetition saves a byte, which bytes of nine bits each take up again.
      const bytes = (different: number) =>
        Uint8Array.from({ length: 6 + different }, (_, at) => (at < 6 ? 97 : 200 + at))
      assert.strictEqual(Option.getOrThrow(yield* Deflate.compress(bytes(1))).length, 6)
      assert.deepStrictEqual(yield* Deflate.compress(bytes(6)), Option.none())
    })
  )

  for (const [end, pull] of [
    ["exceeds the length", (controller) => controller.enqueue(new Uint8Array(1_000))],
    ["fails", (controller) => controller.error(new Error("damaged"))]
  ] satisfies ReadonlyArray<readonly [string, (controller: ReadableStreamDefaultController<Uint8Array>) => void]>) {
    it.effect(`stops a stream that ${end}`, () =>
      withStuck(pull, (stopped) =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* Deflate.decompress(text, 500), Option.none())
          assert.include(stopped(), "writable")
        })
      )
    )
  }

  it.effect("cancels the rest of what exceeds the length", () =>
    withStuck(
      (controller) => controller.enqueue(new Uint8Array(1_000)),
      (stopped) =>
        Effect.gen(function* () {
          yield* Deflate.decompress(text, 500)
          assert.include(stopped(), "readable")
        })
    )
  )
})
