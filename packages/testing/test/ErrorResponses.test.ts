import { assert, describe, it } from "@effect/vitest"
import { type ErrorResponse, errorResponses } from "../src/ErrorResponses.ts"
import * as Fixtures from "../src/node/Fixtures.ts"

const all: ReadonlyArray<readonly [string, ErrorResponse]> = Object.entries(errorResponses)

describe("ErrorResponses", () => {
  it("has the exact message of every recorded error", () => {
    const errors = Fixtures.exchangeNames.filter((name) => name.startsWith("error-"))
    for (const name of errors) {
      const { body, status } = Fixtures.exchange(name)
      const row = all.find(
        ([, row]) => row.message !== undefined && JSON.stringify(body).includes(JSON.stringify(row.message))
      )
      assert.deepStrictEqual<unknown>(body, { error: { message: row?.[1].message, type: row?.[1].type } }, name)
      assert.strictEqual(row?.[1].status, status, name)
    }
  })

  it("has a row for every documented pair of status, type", () => {
    const pairs = new Set(all.map(([, row]) => `${row.status} ${row.type ?? "-"}`))
    const documented = [
      "400 content_filter",
      "400 invalid_request_error",
      "401 invalid_authentication_error",
      "401 incorrect_api_key_error",
      "403 permission_denied_error",
      "403 -",
      "404 resource_not_found_error",
      "413 -",
      "429 engine_overloaded_error",
      "429 exceeded_current_quota_error",
      "429 rate_limit_reached_error",
      "499 client_closed_request",
      "500 server_error",
      "500 unexpected_output",
      "502 -",
      "503 server_unavailable",
      "504 -",
      "520 -",
      "522 -",
      "529 engine_overloaded_error"
    ]
    for (const pair of documented) assert.isTrue(pairs.has(pair), pair)
  })

  it("has no placeholders", () => {
    for (const [name, row] of all) assert.notMatch(`${row.message}${row.body}`, /[{}]/, name)
  })

  it("has no duplicates", () => {
    const keys = all.map(([, row]) => JSON.stringify([row.status, row.message, row.body, row.headers]))
    assert.strictEqual(new Set(keys).size, keys.length)
  })

  it("has the wait of a message in its headers", () => {
    for (const [name, row] of all) {
      const seconds = /after (\d+) seconds/.exec(row.message ?? "")?.[1]
      if (seconds !== undefined) assert.strictEqual(row.headers?.["retry-after"], seconds, name)
    }
  })

  it("has no wait when the engine is overloaded", () => {
    assert.notProperty(errorResponses.engineOverloaded, "headers")
  })
})
