import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { ErrorBody } from "../../../src/models/internal/ErrorBody.ts"
import { refusal, throughText } from "../../support/codec.ts"

const decode = Schema.decodeUnknownSync(ErrorBody)

describe("ErrorBody", () => {
  it("reads the recorded body", () => {
    const error = { message: "Incorrect API key provided", type: "incorrect_api_key_error" }
    assert.deepStrictEqual(decode({ error }), { error })
    assert.deepStrictEqual(throughText(Schema.encodeSync(ErrorBody)(decode({ error }))), { error })
  })

  it("reads codes that are strings, numbers or null", () => {
    assert.deepStrictEqual(decode({ error: { code: "429" } }), { error: { code: "429" } })
    assert.deepStrictEqual(decode({ error: { code: 429, param: "messages" } }), {
      error: { code: 429, param: "messages" }
    })
    assert.deepStrictEqual(decode({ error: { code: null, param: null, message: null, type: null } }), { error: {} })
  })

  it("reads the request id", () => {
    assert.deepStrictEqual(decode({ error: { message: "no" }, request_id: "r-1" }), {
      error: { message: "no" },
      request_id: "r-1"
    })
  })

  it("drops unknown members", () => {
    const body = { error: { message: "no", provider: "x" }, user_id: "u-1" }
    assert.deepStrictEqual(decode(body), { error: { message: "no" } })
  })

  it("reads the other members when one has another type", () => {
    const error = { message: "no quota", type: "exceeded_current_quota_error" }
    for (const odd of [[], {}, [1], { a: 1 }, true, 7]) {
      assert.deepInclude(decode({ error: { ...error, param: odd } }).error, error, JSON.stringify(odd))
      assert.deepInclude(decode({ error: { ...error, code: Array.isArray(odd) ? odd : [odd] } }).error, error)
      assert.deepInclude(decode({ error: { ...error, request_id: odd } }).error, error)
      assert.deepInclude(decode({ error, request_id: odd }).error, error)
      assert.deepInclude(decode({ error: { ...error, message: odd } }).error, { type: error.type })
      assert.deepInclude(decode({ error: { ...error, type: odd } }).error, { message: error.message })
    }
  })

  it("reads a message in another form", () => {
    assert.deepStrictEqual(decode({ error: { message: ["a", { message: "b" }] } }), { error: { message: "a; b" } })
    assert.deepStrictEqual(decode({ error: { message: { message: "a" } } }), { error: { message: "a" } })
    assert.deepStrictEqual(decode({ error: { message: 3 } }), { error: { message: "3" } })
  })

  it("reads a request id inside the error", () => {
    assert.deepStrictEqual(decode({ error: { message: "no", request_id: "r-1" } }), {
      error: { message: "no", request_id: "r-1" }
    })
  })

  it("reads a text in place of the object", () => {
    assert.deepStrictEqual(decode({ error: "model not found" }), { error: "model not found" })
  })

  it("refuses a body without an error", () => {
    for (const body of [{}, { error: null }, { error: 500 }, "oops", null, []]) {
      assert.isDefined(refusal(ErrorBody, body), JSON.stringify(body))
    }
  })
})
