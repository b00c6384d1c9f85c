import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { decoded, withServer } from "../mockedHost.ts"
import { runKimi } from "../runKimi.ts"
import { temporaryFolder } from "../temporaryFolder.ts"

describe("kimi files", () => {
  it.live("reads back what it has uploaded", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const path = join(yield* temporaryFolder, "notes.txt")
        writeFileSync(path, "Some notes")
        const id = (yield* runKimi(["files", "upload", path], { env })).stdout.trim()
        const list = yield* runKimi(["files", "list", "--json"], { env })
        assert.deepStrictEqual(
          decoded("files list", list.stdout).files.map((file) => file.id),
          [id]
        )
        const text = yield* runKimi(["files", "get", id, "--text"], { env })
        assert.include(text.stdout, "Some notes")
        const removed = yield* runKimi(["files", "delete", id, "--json"], { env })
        assert.deepStrictEqual(decoded("files delete", removed.stdout), { deleted: [id] })
      })
    )
  )

  it.live("fails for an id that does not exist", () =>
    withServer((_, env) =>
      Effect.map(runKimi(["files", "get", "file-none"], { env }), ({ code, stderr }) => {
        assert.strictEqual(code, 16)
        assert.include(stderr, "FileNotFoundError")
      })
    )
  )
})
