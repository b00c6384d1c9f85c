/** Details of error bodies that change what an error reports. */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Headers from "effect/http/Headers"
import { type ErrorContext, fromErrorObject, fromStatus } from "../../src/internal/mapError.ts"
import { retryAfterInMessage } from "../../src/internal/rateLimitMessages.ts"
import { answer, call, errorBody, fields } from "./support/errors.ts"

const read = (status: number, rest?: Parameters<typeof answer>[1], from: ErrorContext = call) =>
  fields(fromStatus(answer(status, rest), from))

const body = (error: object): { readonly body: string } => ({ body: JSON.stringify({ error }) })

const inStream = (error: Parameters<typeof fromErrorObject>[0], from: ErrorContext = call) =>
  fields(fromErrorObject(error, Headers.empty, from))

describe("the figures of a context overflow", () => {
  const limitOf = (n_ctx: unknown) =>
    read(400, body({ type: "exceed_context_size_error", message: "too long", n_ctx }))["limit"]

  it("are counts", () => {
    assert.deepStrictEqual([4_096, 0].map(limitOf), [4_096, 0])
  })

  it("are left out if they are no counts", () => {
    for (const value of ["4096", 40.5, -1, null, [7]]) assert.isUndefined(limitOf(value), JSON.stringify(value))
  })
})

describe("the text of the host behind a gateway", () => {
  it("is read for the meaning inside a stream", () => {
    const metadata = { raw: "This model's maximum context length is 8192 tokens, however you requested 9000 tokens" }
    assert.strictEqual(inStream({ message: "Provider returned error", metadata })["_tag"], "ContextLengthError")
  })

  it("adds nothing if it is empty", () => {
    assert.strictEqual(read(500, body({ message: "failed", metadata: { raw: "" } }))["message"], "failed")
  })

  it("adds nothing to a missing message", () => {
    assert.notInclude(String(read(500, body({ metadata: { raw: "a reason" } }))["message"]), "undefined")
  })
})

describe("the headers of the host behind a gateway", () => {
  const waitOf = (headers: object) => {
    const { retryAfter } = read(503, body({ message: "failed", metadata: { headers } }))
    return Duration.isDuration(retryAfter) ? Duration.toSeconds(retryAfter) : undefined
  }

  it("are read if they are texts", () => {
    assert.deepStrictEqual([waitOf({ "retry-after": "7" }), waitOf({ "retry-after": 7 })], [7, undefined])
  })
})

describe("the origin of a redirect", () => {
  it("is left out if it quotes the conversation", () => {
    const location = "https://intranet-of-acme.example.com/login"
    const messages = [{ role: "user" as const, content: "Summarize https://intranet-of-acme.example.com for me" }]
    assert.notProperty(read(302, { headers: { location } }, { ...call, messages }), "location")
    assert.property(read(302, { headers: { location } }, { ...call, messages: [] }), "location")
  })
})

describe("the words of a firewall", () => {
  it("blame the key under 401", () => {
    assert.strictEqual(read(401, { body: "access blocked" })["_tag"], "AuthenticationError")
  })

  it("are a refusal of the API in its error body", () => {
    assert.strictEqual(read(403, { body: errorBody("request blocked") })["_tag"], "PermissionDeniedError")
  })
})

describe("an error in place of a response", () => {
  it("is a missing model by its message", () => {
    assert.strictEqual(inStream({ message: "The model kimi-x does not exist" })["_tag"], "ModelNotFoundError")
  })

  it("has no status in a code that is not one", () => {
    assert.strictEqual(inStream({ message: "no", code: "400.0" })["_tag"], "StreamFailedError")
  })

  it("has no model if the call names none", () => {
    assert.notProperty(inStream({ message: "no" }, { ...call, model: undefined }), "model")
  })

  it("has the beginning of a long type", () => {
    assert.strictEqual(inStream({ message: "no", type: "x".repeat(300) })["type"], "x".repeat(256))
  })
})

describe("a wrong parameter", () => {
  it("has no allowed values if the message begins otherwise", () => {
    const error = read(400, { body: errorBody("invalid temperature: the value only 1 is allowed to have") })
    assert.deepInclude(error, { _tag: "UnsupportedParameterError", parameter: "temperature" })
    assert.notProperty(error, "allowed")
  })

  it("is no missing model, whose name its message has", () => {
    const message = "invalid temperature: only 1 is allowed for this model, 0.6 is not available"
    assert.strictEqual(read(400, { body: errorBody(message) })["_tag"], "UnsupportedParameterError")
  })
})

describe("the figures of a limit of a day", () => {
  it("are read from each name of the unit", () => {
    for (const unit of ["TPD", "tokens per day", "token per day", "tokens-per-day"]) {
      const error = read(429, { body: errorBody(`limit of ${unit} reached, daily limit: Limit 5000, Used 4990`) })
      assert.deepInclude(error, { _tag: "DailyLimitError", limit: 5_000 }, unit)
    }
  })
})

describe("a wait in a message", () => {
  it("is in seconds without a unit that is known", () => {
    assert.deepStrictEqual(retryAfterInMessage("try again in 5 moments 3 s"), Duration.seconds(5))
  })
})
