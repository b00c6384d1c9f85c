import { truncateSync, writeFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { openFile } from "../../../../../src/node/internal/batch/input/inputSource.ts"
import { inFolder } from "../../../support/batch/answered.ts"

const text = "a row\n".repeat(200_000)

/** Reads a file that is changed when its first bytes are read, and gives how it differs at the end. */
const differenceAfter = (change: (path: string) => void, restore: (path: string) => void) =>
  inFolder((path) =>
    Effect.promise(async () => {
      const file = path("in.jsonl")
      writeFileSync(file, text)
      const source = openFile(file)
      let isFirst = true
      for await (const _ of source.bytes) {
        if (isFirst) change(file)
        isFirst = false
      }
      restore(file)
      return source.difference()._tag
    })
  )

describe("openFile", () => {
  it.live("has another text when its end was met before that of the same text", () =>
    Effect.map(
      differenceAfter(
        (file) => truncateSync(file),
        (file) => writeFileSync(file, text)
      ),
      (tag) => assert.strictEqual(tag, "Text")
    )
  )

  it.live("has another text when more was read than it has", () =>
    Effect.map(
      differenceAfter(
        (file) => writeFileSync(file, text, { flag: "a" }),
        (file) => truncateSync(file, text.length)
      ),
      (tag) => assert.strictEqual(tag, "Text")
    )
  )

  it.live("differs in nothing when it was read as it is", () =>
    Effect.map(
      differenceAfter(
        () => {},
        () => {}
      ),
      (tag) => assert.strictEqual(tag, "None")
    )
  )
})
