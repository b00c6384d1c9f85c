import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Stream } from "effect"
import { gzipSync } from "node:zlib"
import * as BatchJob from "../../src/node/BatchJob.ts"
import { inFolder, lineOf } from "./support/batch/answered.ts"

const bytes = (text: string) => new TextEncoder().encode(text)

const lineNumber = (line: string) => (JSON.parse(line) as { readonly line: number }).line

describe("a stream of rows that is still open", () => {
  for (const [name, encode] of [
    ["as it is", bytes],
    ["compressed", (text: string) => gzipSync(text)]
  ] as const) {
    it.live(`gets the line of its first row before it has a second one, ${name}`, () =>
      inFolder(() =>
        Effect.gen(function* () {
          const written = yield* Deferred.make<number>()
          // A program that sends a row and waits for its answer.
          const second = Effect.as(Deferred.await(written), encode(`${lineOf("2")}\n`))
          const input = Stream.concat(Stream.make(encode(`${lineOf("1")}\n`)), Stream.fromEffect(second))
          const output = (line: string) => Deferred.succeed(written, lineNumber(line))
          assert.deepInclude(yield* BatchJob.run({ input, output }), { answered: 2 })
          assert.strictEqual(yield* Deferred.await(written), 1)
        })
      )
    )
  }

  it.live("has its first row read before it has a second one", () =>
    Effect.gen(function* () {
      const input = Stream.concat(Stream.make(bytes(`${lineOf("1")}\n`)), Stream.never)
      const rows = yield* Stream.runCollect(Stream.take(BatchJob.rows({ input }), 1))
      assert.deepStrictEqual(
        rows.map(({ line }) => line),
        [1]
      )
    })
  )
})
