import { assert, describe, it } from "@effect/vitest"
import { CassetteMissError } from "../../src/errors/CassetteErrors.ts"

const miss = new CassetteMissError({
  message: "no exchange",
  cassette: "chat.json",
  method: "POST",
  path: "/v1/chat/completions",
  nearest: "#3",
  differences: ["messages[0].content"]
})

describe("CassetteMissError", () => {
  it("is never retried", () => {
    assert.isFalse(miss.isRetryable)
  })

  it("names the members in which the request differs", () => {
    assert.deepStrictEqual(miss.differences, ["messages[0].content"])
  })
})
