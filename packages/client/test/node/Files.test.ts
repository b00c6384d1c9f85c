import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Files from "../../src/node/Files.ts"
import { withFiles } from "../files/support/files.ts"

const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "kimi-files-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true }))
)

describe("Files.open", () => {
  it.live("makes the content of an upload", () =>
    withFiles((files, server) =>
      Effect.gen(function* () {
        const path = join(yield* folder, "report.md")
        const text = "line\n".repeat(50_000)
        yield* Effect.promise(() => writeFile(path, text))
        yield* files.upload({ purpose: "file-extract", content: yield* Files.open(path) })
        const [request] = yield* server.requests
        const file = request?.form?.find(({ name }) => name === "file")
        assert.strictEqual(file?.filename, "report.md")
        assert.strictEqual(new TextDecoder().decode(file?.bytes), text)
      })
    )
  )

  it.live("refuses a folder", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Files.open(yield* folder))
      assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "path" })
    })
  )

  it.live("names the path of a file that does not exist", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "missing.md")
      const error = yield* Effect.flip(Files.open(path))
      assert.strictEqual(error.message, `The file ${JSON.stringify(path)} cannot be read: it does not exist (ENOENT)`)
    })
  )

  it.live("fails the upload of a file that has changed", () =>
    withFiles((files, server) =>
      Effect.gen(function* () {
        const path = join(yield* folder, "input.jsonl")
        yield* Effect.promise(() => writeFile(path, "one\n"))
        const content = yield* Files.open(path)
        yield* Effect.promise(() => appendFile(path, "two\n"))
        const error = yield* Effect.flip(files.upload({ purpose: "batch", content }))
        assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "content" })
        assert.deepStrictEqual(yield* files.list(), [])
        assert.strictEqual((yield* server.requests).length, 1)
      })
    )
  )
})
