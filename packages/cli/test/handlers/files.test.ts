import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as ErrorReply from "@kimi-effect/testing/ErrorReply"
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
        assert.deepStrictEqual(decoded("files delete", removed.stdout), { deleted: [id], failed: [], left: [] })
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

describe("kimi files upload", () => {
  it.live("names its own flag for a file that is no image", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const path = join(yield* temporaryFolder, "notes.txt")
        writeFileSync(path, "Some notes")
        const { code, stderr } = yield* runKimi(["files", "upload", path, "--purpose", "image"], { env })
        assert.strictEqual(code, 16)
        assert.match(stderr, /UnsupportedMediaError: .*\n.*--purpose/)
        assert.notInclude(stderr, "--image")
      })
    )
  )
})

describe("kimi files delete", () => {
  const uploaded = (env: { readonly [name: string]: string }) =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, "notes.txt")
      writeFileSync(path, "Some notes")
      return (yield* runKimi(["files", "upload", path], { env })).stdout.trim()
    })

  const idsOf = (env: { readonly [name: string]: string }) =>
    Effect.map(runKimi(["files", "list", "--json"], { env }), ({ stdout }) =>
      decoded("files list", stdout).files.map(({ id }) => id)
    )

  it.live("deletes the files after one that the host does not have", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const [a, b] = [yield* uploaded(env), yield* uploaded(env)]
        const { code, stderr, stdout } = yield* runKimi(["files", "delete", a, "file-x", b, "file-y"], { env })
        assert.strictEqual(code, 16, stderr)
        assert.strictEqual(stdout, `Deleted ${a}, ${b}\n`)
        assert.include(stderr, "kimi: FileNotFoundError: file-x was not deleted: The host has no file with this id")
        assert.include(stderr, "\nfile-y was not deleted: ")
        assert.include(stderr, "kimi files list")
        assert.deepStrictEqual(yield* idsOf(env), [])
      })
    )
  )

  it.live("reports each file as JSON", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const id = yield* uploaded(env)
        const { code, stderr, stdout } = yield* runKimi(["files", "delete", "file-x", id, "--json"], { env })
        assert.strictEqual(code, 16)
        assert.deepStrictEqual(decoded("files delete", stdout), {
          deleted: [id],
          failed: [{ id: "file-x", tag: "FileNotFoundError", message: "The host has no file with this id" }],
          left: []
        })
        assert.strictEqual(JSON.parse(stderr).error.exitCode, 16)
      })
    )
  )

  it.live("tries no further file after an error that is not that of one file", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const [a, b, c] = [yield* uploaded(env), yield* uploaded(env), yield* uploaded(env)]
        yield* server.replyAt(`DELETE /v1/files/${b}`, ErrorReply.make(401, "invalid_authentication_error", "No"))
        const { code, stderr, stdout } = yield* runKimi(["files", "delete", a, b, c, "--json"], { env })
        assert.strictEqual(code, 11, stderr)
        const { deleted, failed, left } = decoded("files delete", stdout)
        assert.deepStrictEqual([deleted, failed.map(({ id }) => id), left], [[a], [b], [c]])
        assert.include(JSON.parse(stderr).error.message, `Not tried: ${c}`)
        assert.deepStrictEqual(yield* idsOf(env), [b, c])
      })
    )
  )
})
