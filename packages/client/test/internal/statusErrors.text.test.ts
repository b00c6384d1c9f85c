import { assert, describe, it } from "@effect/vitest"
import * as Headers from "effect/http/Headers"
import { fromErrorObject } from "../../src/internal/mapError.ts"
import { call, fields } from "./support/errors.ts"

const inStream = (error: Parameters<typeof fromErrorObject>[0]) => fields(fromErrorObject(error, Headers.empty, call))

describe("a status given as a text", () => {
  it("is that status", () => {
    const rows: ReadonlyArray<readonly [string, string]> = [
      ["400", "InvalidRequestError"],
      ["401", "AuthenticationError"],
      ["403", "PermissionDeniedError"],
      ["429", "RateLimitError"],
      ["503", "ServiceUnavailableError"]
    ]
    for (const [code, tag] of rows) {
      assert.strictEqual(inStream({ message: "no", type: "None", code })["_tag"], tag, code)
      assert.strictEqual(inStream({ message: "no", status: code })["_tag"], tag, code)
    }
    assert.strictEqual(inStream({ message: "rate limit of your key", code: "401" })["_tag"], "AuthenticationError")
  })

  it("is ignored where it is none", () => {
    for (const code of ["", "40", "4000", "200", "0x190", "4e2", " 400", "None"]) {
      assert.strictEqual(inStream({ message: "no", code })["_tag"], "StreamFailedError", code)
    }
  })
})
