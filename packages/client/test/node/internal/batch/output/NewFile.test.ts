import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { NewFile } from "../../../../../src/node/internal/batch/output/NewFile.ts"
import * as temporaryFile from "../../../../../src/node/internal/batch/output/temporaryFile.ts"
import { inFolder } from "../../../support/batch/answered.ts"

const kinds = [
  ["of a locked job", temporaryFile.locked],
  ["of a shared job", temporaryFile.shared]
] as const

/** Of a process that was killed: the system has released its lock. */
const leave = (path: string, temporaryFor: typeof temporaryFile.shared): string => {
  const { path: temporary, release } = temporaryFor(path)
  release()
  writeFileSync(temporary, "left")
  return temporary
}

const files = (path: (name: string) => string): ReadonlyArray<string> => readdirSync(path(".")).toSorted()

describe("NewFile", () => {
  for (const [kind, temporaryFor] of kinds) {
    it.live(`${kind} replaces what a killed process has left`, () =>
      inFolder((path) =>
        Effect.sync(() => {
          const temporary = leave(path("out"), temporaryFor)
          chmodSync(temporary, 0o644)
          const file = new NewFile(path("out"), temporaryFor)
          assert.deepStrictEqual([readFileSync(temporary, "utf8"), statSync(temporary).mode & 0o777], ["", 0o600])
          file.append(Buffer.from("line\n"))
          file.commit()
          file.close()
          assert.deepStrictEqual(files(path), ["out"])
          assert.strictEqual(readFileSync(path("out"), "utf8"), "line\n")
        })
      )
    )

    it.live(`${kind} does not follow a link in its place`, () =>
      inFolder((path) =>
        Effect.sync(() => {
          writeFileSync(path("other"), "kept")
          const { path: temporary, release } = temporaryFor(path("out"))
          release()
          symlinkSync(path("other"), temporary)
          new NewFile(path("out"), temporaryFor).close()
          assert.strictEqual(readFileSync(path("other"), "utf8"), "kept")
          assert.deepStrictEqual(files(path), ["other"])
        })
      )
    )
  }

  it.live("of a shared job is another one for each process that writes it", () =>
    inFolder((path) =>
      Effect.sync(() => {
        const writers = ["one\n", "two\n", "three\n"].map((line) => {
          const file = new NewFile(path("out"), temporaryFile.shared)
          file.append(Buffer.from(line))
          return file
        })
        assert.deepStrictEqual(
          files(path).filter((name) => name.endsWith(".tmp")),
          ["out.new-1.tmp", "out.new-2.tmp", "out.new-3.tmp"]
        )
        for (const [index, file] of writers.entries()) {
          file.commit()
          file.close()
          assert.strictEqual(readFileSync(path("out"), "utf8"), ["one\n", "two\n", "three\n"][index])
        }
        assert.deepStrictEqual(files(path), ["out"])
      })
    )
  )

  it.live("of a shared job is written where the names cannot be locked", () =>
    inFolder((path) =>
      Effect.sync(() => {
        writeFileSync(path("out.new-1.tmp.lock"), "not a lock")
        const file = new NewFile(path("out"), temporaryFile.shared)
        file.append(Buffer.from("line\n"))
        file.commit()
        file.close()
        assert.deepStrictEqual(files(path), ["out", "out.new-1.tmp.lock"])
      })
    )
  )

  it.live("leaves no lock when it cannot be created", () =>
    inFolder((path) =>
      Effect.sync(() => {
        mkdirSync(path("out.new-1.tmp"))
        assert.throws(() => new NewFile(path("out"), temporaryFile.shared))
        assert.isFalse(existsSync(path("out.new-1.tmp.lock")))
      })
    )
  )
})
