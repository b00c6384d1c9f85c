import { existsSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as lineBits from "../../../client/src/node/internal/batch/lineBits.ts"
import { filesOf, lineOf } from "../hostJob.ts"
import { decoded, withServer } from "../mockedHost.ts"
import { runKimi } from "../runKimi.ts"

const rows = [lineOf("a"), lineOf("b"), lineOf("c")]

/** The words of the command that a hint names. */
const commandIn = (hint: string): ReadonlyArray<string> =>
  (/kimi (batch repair \S+ [^\s,]+)/.exec(hint)?.[1] ?? "").split(" ")

describe("kimi batch repair", () => {
  it.live("is named by what refuses a damaged output, which it lets continue", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf(rows)
        yield* runKimi(["batch", "run", input, output], { env })
        truncateSync(output, statSync(output).size - 5)
        const refused = yield* runKimi(["batch", "run", input, output], { env })
        assert.strictEqual(refused.code, 16)
        const status = yield* runKimi(["batch", "status", output])
        assert.deepStrictEqual([status.code, status.stderr], [refused.code, refused.stderr])
        const words = commandIn(refused.stderr)
        const to = words.at(-1) ?? ""
        assert.deepStrictEqual(words.slice(0, 3), ["batch", "repair", output])
        const { code, stderr, stdout } = yield* runKimi(words)
        assert.strictEqual(code, 0, stderr)
        assert.include(stdout, `Written to ${to}: 2 rows. Lost rows: at least 1. Damaged places: 1, with `)
        assert.include(
          stdout,
          `Do not run ${output} any further. Continue, with the input and the flags that the job was started with, with: kimi batch run INPUT ${to}`
        )
        const before = (yield* server.requests).length
        const again = yield* runKimi(["batch", "run", input, to, "--json"], { env })
        assert.deepInclude(decoded("batch run", again.stdout), { answered: 3, resumed: 2 })
        assert.lengthOf(yield* server.requests, before + 1)
      })
    )
  )

  it.live("leaves out the rows of a run whose input was changed", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf(rows)
        yield* runKimi(["batch", "run", input, output], { env })
        // As a run leaves it that has found one of three rows.
        const record = JSON.parse(readFileSync(`${output}.job.json`, "utf8")) as object
        const changed = { rows: 2, before: lineBits.encode([1]) }
        writeFileSync(`${output}.job.json`, JSON.stringify({ ...record, changed }))
        const refused = yield* runKimi(["batch", "run", input, output], { env })
        const words = commandIn(refused.stderr)
        assert.deepStrictEqual(words.slice(0, 3), ["batch", "repair", output])
        const { stdout } = yield* runKimi(words)
        const to = words.at(-1) ?? ""
        assert.include(stdout, `Written to ${to}: 1 row. Left out, since their input was changed: 2 rows. Nothing is`)
        yield* runKimi(["batch", "run", input, to], { env })
        assert.lengthOf(yield* server.requests, 5)
      })
    )
  )

  it.live("has its result as JSON", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf(rows)
        yield* runKimi(["batch", "run", input, output], { env })
        const text = readFileSync(output, "utf8")
        writeFileSync(output, text.replace("\n", "\nno row\n"))
        const { code, stdout } = yield* runKimi(["batch", "repair", output, `${output}.gz`, "--json"])
        assert.strictEqual(code, 0)
        assert.deepStrictEqual(decoded("batch repair", stdout), {
          rows: 3,
          leftOut: 0,
          lost: { rows: 0, places: 1, bytes: 6 },
          hasRecord: true
        })
      })
    )
  )

  it.live("names how a job without its record continues", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf(rows)
        yield* runKimi(["batch", "run", input, output], { env })
        rmSync(`${output}.job.json`)
        const { stdout } = yield* runKimi(["batch", "repair", output, `${output}.gz`])
        assert.include(
          stdout,
          `${output}.job.json does not exist. Show the line that replaces it, with the input and the flags that the job was started with, with: kimi batch run INPUT ${output}.gz\n`
        )
        const { code, stderr } = yield* runKimi(["batch", "run", input, `${output}.gz`], { env })
        assert.strictEqual(code, 16)
        assert.include(stderr, "write this line into it")
      })
    )
  )

  it.live("fails for a new output that exists", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf(rows)
        yield* runKimi(["batch", "run", input, output], { env })
        const { code, stderr } = yield* runKimi(["batch", "repair", output, output])
        assert.strictEqual(code, 16)
        assert.include(stderr, "must be a new one")
        assert.include(stderr, "Choose an output that does not exist.")
      })
    )
  )

  it.live("fails for a file that is no output", () =>
    Effect.gen(function* () {
      const { input, output } = yield* filesOf(["a text"])
      const { code, stderr } = yield* runKimi(["batch", "repair", input, output])
      assert.strictEqual(code, 16)
      assert.include(stderr, `The file "${input}" is not the output of a batch job`)
      assert.isFalse(existsSync(output))
    }).pipe(Effect.scoped)
  )

  it.live("needs a file for the whole rows", () =>
    Effect.map(runKimi(["batch", "repair", "out.jsonl", "-"]), ({ code, stderr }) => {
      assert.strictEqual(code, 2)
      assert.include(stderr, "must be a file")
    })
  )

  it.live("is refused as kimi batch run is while the rows of a replaced output are rescued", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf(rows)
        yield* runKimi(["batch", "run", input, output], { env })
        // As a run leaves it whose output another program has replaced by its first line.
        const text = readFileSync(output, "utf8")
        writeFileSync(`${output}.rescued-1`, text)
        writeFileSync(output, text.slice(0, text.indexOf("\n") + 1))
        const to = `${output}.gz`
        const refused = yield* runKimi(["batch", "run", input, output], { env })
        assert.strictEqual(refused.code, 16)
        assert.include(refused.stderr, `rename it to "${output}"`)
        assert.notInclude(refused.stderr, "kimi batch")
        for (const words of [
          ["status", output],
          ["failed", output],
          ["repair", output, to]
        ]) {
          const { code, stderr, stdout } = yield* runKimi(["batch", ...words])
          assert.deepStrictEqual([code, stderr, stdout], [refused.code, refused.stderr, ""])
        }
        assert.isFalse(existsSync(to))
        renameSync(`${output}.rescued-1`, output)
        assert.include((yield* runKimi(["batch", "status", output])).stdout, "3 of 3 rows, finished")
        assert.lengthOf(yield* server.requests, 3)
      })
    )
  )

  it.live("is named in words that a shell takes as they are", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf(rows)
        const odd = `${output}'s $HOME.jsonl`
        yield* runKimi(["batch", "run", input, odd], { env })
        truncateSync(odd, statSync(odd).size - 5)
        const { stderr } = yield* runKimi(["batch", "status", odd])
        assert.include(stderr, `kimi batch repair '${odd.replace("'", String.raw`'\''`)}' '`)
      })
    )
  )
})
