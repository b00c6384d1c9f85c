import { assert, describe, it } from "@effect/vitest"
import { readErrorBody } from "../../src/internal/errorBodyForms.ts"
import { fromStatus } from "../../src/internal/mapError.ts"
import { answer, call, fields } from "./support/errors.ts"

const error = { message: "blocked", type: "exceeded_current_quota_error" }
const text = JSON.stringify({ error })

const read = (body: string) => fields(fromStatus(answer(400, { body }), call))

describe("readErrorBody", () => {
  it("reads the error from every form of the body", () => {
    const bodies = [
      text,
      `data: ${text}\n\n`,
      `: comment\n\nevent: error\ndata: ${text}\n\ndata: [DONE]\n\n`,
      `data:${text}\r\n\r\n`,
      JSON.stringify([{ error }]),
      JSON.stringify({ errors: [error] }),
      JSON.stringify({ error: { error } }),
      JSON.stringify({ error: { error: { error } } }),
      JSON.stringify({ error: JSON.stringify(error) }),
      JSON.stringify({ error: text })
    ]
    for (const body of bodies) {
      assert.deepInclude(read(body), { _tag: "QuotaExceededError", message: "blocked" }, body)
    }
  })

  it("keeps a text in place of the error", () => {
    assert.deepStrictEqual(readErrorBody('{"error":"{no json"}'), { error: "{no json" })
  })

  it("has nothing of a body without JSON", () => {
    assert.isUndefined(readErrorBody("<html>"))
  })

  it("ends in a body that is nested without end", () => {
    const depth = 10_000
    const body = `${'{"error":'.repeat(depth)}1${"}".repeat(depth)}`
    assert.strictEqual(read(body)["_tag"], "InvalidRequestError")
  })
})
