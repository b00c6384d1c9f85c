import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { createFile, replaceFile } from "../../../../src/node/internal/batch/replaceFile.ts"
import { folder } from "../../support/files.ts"

describe("replaceFile", () => {
  it.live("leaves one file, which others cannot read", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "record.json")
      replaceFile(path, "first")
      replaceFile(path, "second")
      assert.strictEqual(readFileSync(path, "utf8"), "second")
      assert.deepStrictEqual(readdirSync(join(path, "..")), ["record.json"])
      assert.strictEqual(statSync(path).mode & 0o777, 0o600)
    })
  )

  it.live("leaves the last text when the new one cannot be written", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "record.json")
      replaceFile(path, "first")
      mkdirSync(`${path}.tmp`)
      assert.throws(() => replaceFile(path, "second"), "EISDIR")
      assert.strictEqual(readFileSync(path, "utf8"), "first")
    })
  )
})

describe("createFile", () => {
  it.live("does not replace a file", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "record.json")
      writeFileSync(path, "first")
      assert.throws(() => createFile(path, "second"), "EEXIST")
      assert.strictEqual(readFileSync(path, "utf8"), "first")
    })
  )

  it.live("makes a file that others cannot read", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "record.json")
      createFile(path, "first")
      assert.strictEqual(readFileSync(path, "utf8"), "first")
      assert.strictEqual(statSync(path).mode & 0o777, 0o600)
    })
  )
})
