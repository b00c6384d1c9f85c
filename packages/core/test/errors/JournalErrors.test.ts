import { assert, describe, it } from "@effect/vitest"
import * as JournalErrors from "../../src/errors/JournalErrors.ts"

const message = "not resumable"

describe("JournalErrors", () => {
  it("carry both digests of a changed request", () => {
    const error = new JournalErrors.JournalMismatchError({ message, key: "a/3/call/0", recorded: "x1", actual: "x2" })
    assert.deepInclude(error, { key: "a/3/call/0", recorded: "x1", actual: "x2" })
  })

  it("leave an uncertain tool result to a person", () => {
    const error = new JournalErrors.UncertainToolResultError({
      message,
      key: "a/3/tool/0",
      tool: "pay",
      callId: "pay:1"
    })
    assert.deepStrictEqual(error.recovery, { _tag: "None" })
  })

  it("are transient for a store that may return", () => {
    const error = new JournalErrors.JournalStoreError({ message, store: "sqlite", operation: "append" })
    assert.deepInclude(error, { category: "journal", isRetryable: false, severity: "error" })
  })

  it("carry the epoch of a lost lease", () => {
    assert.strictEqual(new JournalErrors.LeaseLostError({ message, resource: "rows 0-999", epoch: 4 }).epoch, 4)
  })
})
