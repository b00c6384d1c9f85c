import { assert, describe, it } from "@effect/vitest"
import { embeddedError, toErrorObject } from "../../src/internal/embeddedError.ts"

describe("toErrorObject", () => {
  it("keeps the details from which an error is recognized", () => {
    const details = { status: 400, n_ctx: 4096, n_prompt_tokens: 5000, metadata: { headers: {} }, request_id: "req-1" }
    assert.deepInclude(toErrorObject({ error: { message: "too long", ...details } }), {
      message: "too long",
      ...details
    })
  })

  it("has the request id that is next to the error", () => {
    assert.deepInclude(toErrorObject({ error: { message: "failed" }, request_id: "req-1" }), { request_id: "req-1" })
  })

  it("reads a status with its words", () => {
    for (const code of ["429", "429 Too Many Requests", "429: Too Many Requests"]) {
      assert.deepInclude(toErrorObject({ error: { message: "no", code } }), { code: 429 }, code)
    }
  })

  it("keeps a code that is no status as it is", () => {
    assert.deepInclude(toErrorObject({ error: { message: "no", code: "429-a7" } }), { code: "429-a7" })
  })

  it("has only a message when the error is a text", () => {
    assert.deepStrictEqual(toErrorObject({ error: "failed" }), { message: "failed" })
  })
})

describe("embeddedError", () => {
  const failed = { index: 0, message: { content: "" }, error: { message: "boom", code: 502 } }

  it("finds the error of a choice in every form of the list", () => {
    for (const choices of [[failed], failed, { 0: failed }, { 0: { message: { content: "a" } }, 1: failed }]) {
      assert.deepInclude(embeddedError({ choices }), { message: "boom", code: 502 }, JSON.stringify(choices))
    }
  })

  it("finds none in choices without an error in every form of the list", () => {
    const choice = { index: 0, message: { content: "a" }, finish_reason: "stop" }
    for (const choices of [[choice], choice, { 0: choice }]) assert.isUndefined(embeddedError({ choices }))
  })

  it("takes the failure of the host from the finish reason of an only choice", () => {
    assert.isDefined(embeddedError({ choices: { delta: {}, finish_reason: "error" } }))
  })
})
