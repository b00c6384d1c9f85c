import {
  appendFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Appender } from "../../../../../src/node/internal/batch/output/Appender.ts"
import { inFolder } from "../../../support/batch/answered.ts"

const opened = (path: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      return new Appender(path, openSync(path, "a+"), 0)
    }),
    (file) => Effect.sync(() => file.close())
  )

/** The error of a flush, if any. */
const flushed = (file: Appender) =>
  Effect.callback<Error | null>((resume) => file.flush((error) => resume(Effect.succeed(error))))

const one = Buffer.from("one\n")
const two = Buffer.from("two\n")

describe("Appender", () => {
  it.live("writes a file again that was removed before it is flushed", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const file = yield* opened(path("out"))
        file.append(one)
        rmSync(path("out"))
        assert.isNull(yield* flushed(file))
        assert.strictEqual(readFileSync(path("out"), "utf8"), "one\n")
      })
    )
  )

  it.live("appends to the file that was written again", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const file = yield* opened(path("out"))
        file.append(one)
        renameSync(path("out"), path("moved"))
        file.sync()
        file.append(two)
        assert.strictEqual(readFileSync(path("out"), "utf8"), "one\ntwo\n")
        assert.strictEqual(`${file.contents()}`, "one\ntwo\n")
        assert.strictEqual(readFileSync(path("moved"), "utf8"), "one\n")
      })
    )
  )

  it.live("takes no line after it has found another file in its place", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const file = yield* opened(path("out"))
        file.append(one)
        rmSync(path("out"))
        writeFileSync(path("out"), "other")
        const error = yield* flushed(file)
        assert.match(error?.message ?? "", /^another program has replaced /)
        assert.throws(() => file.append(two), error?.message)
        assert.strictEqual(readFileSync(path("out"), "utf8"), "other")
      })
    )
  )

  it.live("leaves the rescued lines of an earlier run", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        writeFileSync(path("out.rescued-1"), "earlier")
        const file = yield* opened(path("out"))
        file.append(one)
        renameSync(path("out"), path("moved"))
        writeFileSync(path("out"), "other")
        assert.throws(() => file.sync())
        // Once, however often it is synced.
        assert.throws(() => file.sync())
        assert.strictEqual(readFileSync(path("out.rescued-1"), "utf8"), "earlier")
        assert.strictEqual(readFileSync(path("out.rescued-2"), "utf8"), "one\n")
        assert.throws(() => readFileSync(path("out.rescued-3")))
      })
    )
  )

  it.live("finds that lines are missing after others were appended", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const file = yield* opened(path("out"))
        file.append(one)
        truncateSync(path("out"))
        file.append(two)
        assert.throws(() => file.sync(), /^another program has removed rows of /)
        assert.strictEqual(readFileSync(path("out"), "utf8"), "two\n")
      })
    )
  )

  it.live("takes no line after it has found that others are missing", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const file = yield* opened(path("out"))
        file.append(one)
        truncateSync(path("out"))
        const error = yield* flushed(file)
        assert.match(error?.message ?? "", /^another program has removed rows of /)
        assert.throws(() => file.append(two), error?.message)
      })
    )
  )

  it.live("writes a file again with its folder, if that was removed", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        mkdirSync(path("folder"))
        const file = yield* opened(path("folder/out"))
        file.append(one)
        rmSync(path("folder"), { recursive: true })
        assert.isNull(yield* flushed(file))
        assert.strictEqual(readFileSync(path("folder/out"), "utf8"), "one\n")
      })
    )
  )

  it.live("takes no line after it could not write a file again", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        mkdirSync(path("folder"))
        const file = yield* opened(path("folder/out"))
        file.append(one)
        rmSync(path("folder"), { recursive: true })
        writeFileSync(path("folder"), "a file")
        const error = yield* flushed(file)
        assert.isNotNull(error)
        assert.throws(() => file.append(two), error?.message)
      })
    )
  )

  it.live("takes no line after another program has written one", () =>
    inFolder((path) =>
      Effect.gen(function* () {
        const file = yield* opened(path("out"))
        file.append(one)
        appendFileSync(path("out"), "other")
        const error = yield* flushed(file)
        assert.match(error?.message ?? "", /^another program has written to /)
        assert.throws(() => file.append(two), error?.message)
        assert.throws(() => file.contents(), error?.message)
      })
    )
  )
})
