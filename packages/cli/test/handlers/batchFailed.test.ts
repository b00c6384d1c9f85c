import { writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { filesOf, lineOf } from "../hostJob.ts"
import { decoded, withServer } from "../mockedHost.ts"
import { runKimi } from "../runKimi.ts"

describe("kimi batch failed", () => {
  it.live("fails for an output that does not exist", () =>
    Effect.map(runKimi(["batch", "failed", "/nonexistent/out.jsonl"]), ({ code, stderr }) => {
      assert.strictEqual(code, 1)
      assert.include(stderr, "/nonexistent/out.jsonl cannot be read: it does not exist")
    })
  )

  it.live("ends as kimi batch status does for an output that is missing while its record is there", () =>
    Effect.gen(function* () {
      const { output } = yield* filesOf([])
      writeFileSync(`${output}.job.json`, "{}")
      const status = yield* runKimi(["batch", "status", output, "--json"])
      const failed = yield* runKimi(["batch", "failed", output, "--json"])
      assert.deepStrictEqual([failed.code, failed.stderr], [status.code, status.stderr])
      assert.include(failed.stderr, "InvalidRequestError")
    }).pipe(Effect.scoped)
  )

  it.live.each(["failed", "status"])("names a file that is no output with kimi batch %s", (command) =>
    Effect.gen(function* () {
      const { input } = yield* filesOf(["a text"])
      const { code, stderr } = yield* runKimi(["batch", command, input])
      assert.strictEqual(code, 16)
      assert.include(stderr, `The file "${input}" is not the output of a batch job`)
      assert.include(stderr, "Check the path")
      assert.notInclude(stderr, "another")
    }).pipe(Effect.scoped)
  )

  it.live("lists failed rows of a tag", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const request = { model: "no-such-model", messages: [{ role: "user", content: "a" }] }
        const { input, output } = yield* filesOf([lineOf("ok"), JSON.stringify({ id: "bad", request })])
        yield* runKimi(["batch", "run", input, output], { env })
        const args = ["batch", "failed", output, "--tag", "ModelNotFoundError"]
        const [row, ...others] = decoded("batch failed", (yield* runKimi([...args, "--json"])).stdout)
        assert.lengthOf(others, 0)
        assert.deepInclude(row, { id: "bad", line: 2, tag: "ModelNotFoundError" })
        assert.include(row?.hint, "kimi models --live")
        assert.include((yield* runKimi(args)).stdout, "bad  line 2  ModelNotFoundError")
        assert.strictEqual((yield* runKimi(["batch", "failed", output, "--tag", "ServerError"])).stdout, "")
      })
    )
  )

  it.live("refuses a tag that no error has", () =>
    Effect.map(runKimi(["batch", "failed", "out.jsonl", "--tag", "Nothing"]), ({ code, stderr }) => {
      assert.strictEqual(code, 2)
      assert.include(stderr, "--tag")
    })
  )
})
