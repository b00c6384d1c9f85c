import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { ownSchema, reachable, url } from "../../../client/test/postgres/support/postgres.ts"
import { filesOf, lineOf } from "../hostJob.ts"
import { decoded, withServer } from "../mockedHost.ts"
import { runKimi } from "../runKimi.ts"

const files = Effect.map(filesOf([lineOf("a"), lineOf("b"), lineOf("c")]), (job) => ({
  ...job,
  other: join(dirname(job.output), "other.jsonl")
}))

describe.skipIf(!reachable)("kimi batch run --shared", () => {
  it.live("shares a batch with other processes", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { input, other, output } = yield* files
        const schema = yield* ownSchema
        const settings = { env: { ...env, DATABASE_URL: url } }
        const shared = ["--shared", "november", "--schema", schema, "--json"]
        const both = yield* Effect.all(
          [output, other].map((path) => runKimi(["batch", "run", input, path, ...shared], settings)),
          { concurrency: "unbounded" }
        )
        for (const { code, stderr, stdout } of both) {
          assert.strictEqual(code, 0, stderr)
          assert.deepInclude(decoded("batch run --shared", stdout), { done: 3, lines: 3, isComplete: true })
        }
        assert.strictEqual(readFileSync(output, "utf8"), readFileSync(other, "utf8"))
        assert.lengthOf(yield* server.requests, 3)
        const shown = yield* runKimi(["batch", "shared", "november", "--schema", schema, "--write", output], settings)
        assert.include(shown.stdout, "3 rows done, complete")
        assert.include(shown.stdout, "written: 3 answered, 0 failed")
        const late = yield* runKimi(["batch", "shared", "november", "--schema", schema, "--cancel", "--json"], settings)
        assert.strictEqual(late.code, 0)
        assert.include(late.stderr, "The batch november is complete: nothing is left to cancel.")
        assert.deepInclude(decoded("batch shared", late.stdout), { isComplete: true, isCancelled: false })
      })
    )
  )

  it.live("shows what its process has spent", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* files
        const settings = { env: { ...env, DATABASE_URL: url } }
        const args = ["batch", "run", input, output, "--shared", "a", "--schema", yield* ownSchema]
        const { stdout } = yield* runKimi(args, settings)
        assert.match(stdout, /^by this process: 3 rows, \$0\.\d+\nwritten: 3 answered, 0 failed, \$0\.\d+$/m)
        const again = decoded("batch run --shared", (yield* runKimi([...args, "--json"], settings)).stdout)
        assert.deepStrictEqual(again.own, { done: 0, failed: 0, cost: {} })
      })
    )
  )

  it.live("is ended by --cancel", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* files
        const schema = yield* ownSchema
        const settings = { env: { ...env, DATABASE_URL: url, KIMI_API_KEY: "sk-another" } }
        const run = ["batch", "run", input, output, "--shared", "a", "--schema", schema]
        // A refused key leaves all rows to other processes.
        const stopped = yield* runKimi(run, settings)
        assert.strictEqual(stopped.code, 11)
        assert.include(stopped.stderr, "kimi: AuthenticationError: The batch was stopped: ")
        const shared = ["batch", "shared", "a", "--schema", schema, "--json"]
        const cancelled = yield* runKimi([...shared, "--cancel"], settings)
        assert.deepInclude(decoded("batch shared", cancelled.stdout), { isCancelled: true, isComplete: false })
        const again = yield* runKimi(run, settings)
        assert.strictEqual(again.code, 1)
        assert.include(again.stderr, "The batch is not complete: cancelled")
      })
    )
  )

  it.live("names a batch that does not exist", () =>
    Effect.gen(function* () {
      const schema = yield* ownSchema
      const args = ["batch", "shared", "b", "--schema", schema]
      const { code, stderr } = yield* runKimi(args, { env: { DATABASE_URL: url } })
      assert.strictEqual(code, 1)
      assert.include(stderr, "There is no shared batch b")
    }).pipe(Effect.scoped)
  )
})

describe("kimi batch run --shared without a server", () => {
  it.live("asks for its address", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* files
        const { code, stderr } = yield* runKimi(["batch", "run", input, output, "--shared", "a"], { env })
        assert.strictEqual(code, 10)
        assert.include(stderr, "DATABASE_URL")
      })
    )
  )

  it.live.each(["none", "postgres://a b/c"])("names the variable of an address such as %s", (url) =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* files
        const args = ["batch", "run", input, output, "--shared", "a"]
        const { code, stderr } = yield* runKimi(args, { env: { ...env, DATABASE_URL: url } })
        assert.strictEqual(code, 10)
        assert.include(stderr, "DATABASE_URL: expected the address of a PostgreSQL server")
      })
    )
  )

  it.live("refuses standard streams", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { code, stderr } = yield* runKimi(["batch", "run", "-", "-", "--shared", "a"], { env })
        assert.strictEqual(code, 2)
        assert.include(stderr, "--shared")
      })
    )
  )
})
