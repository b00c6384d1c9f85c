import { assert, describe, it } from "@effect/vitest"
import * as ModelCatalog from "@kimi-effect/core/ModelCatalog"
import { errorResponses, type ErrorResponse } from "@kimi-effect/testing/ErrorResponses"
import * as Fixtures from "@kimi-effect/testing/node/Fixtures"
import * as ErrorReply from "@kimi-effect/testing/ErrorReply"
import * as Duration from "effect/Duration"
import * as Headers from "effect/http/Headers"
import {
  type ErrorContext,
  type ErrorResponse as HostResponse,
  fromErrorObject,
  fromStatus
} from "../../src/internal/mapError.ts"
import { meanings } from "./support/errorRows.ts"
import { answer, call, errorBody, fields, now } from "./support/errors.ts"

const read = (status: number, rest?: Parameters<typeof answer>[1], from: ErrorContext = call) =>
  fields(fromStatus(answer(status, rest), from))

const ids = { requestId: "302f5bc2-a660-11f1-88e1-eaf9ba74c120", traceId: "f84c9c8d5e17b8f0d80143ba08b843cf" }

/** The wait of an overloaded host with these headers and this message. */
const waitOf = (headers: Headers.Input, message = "overloaded"): unknown =>
  read(503, { headers, body: errorBody(message) })["retryAfter"]

const seconds = (wait: unknown): number | undefined =>
  Duration.isDuration(wait) ? Duration.toSeconds(wait) : undefined

const answerOf = (reply: (typeof ErrorReply.table)[keyof typeof ErrorReply.table]): HostResponse =>
  answer(reply.status, {
    headers: reply.headers,
    body: reply._tag === "Json" ? JSON.stringify(reply.body) : reply.body
  })

describe("mapError", () => {
  describe("fromStatus", () => {
    it("maps every known error response to its error", () => {
      for (const name of ErrorReply.names) {
        const row: ErrorResponse = errorResponses[name]
        assert.deepStrictEqual(
          fields(fromStatus(answerOf(ErrorReply.table[name]), call)),
          {
            provider: "moonshot",
            model: "kimi-k3",
            status: row.status,
            ...(row.body === undefined ? { ...ids, message: row.message } : {}),
            ...meanings[name]
          },
          name
        )
      }
    })

    it("maps the recorded responses", () => {
      const expected = {
        "error-400-invalid-temperature": "UnsupportedParameterError",
        "error-400-thinking-disabled-not-allowed": "UnsupportedParameterError",
        "error-400-unknown-tool-type": "ToolSchemaError",
        "error-401-incorrect-api-key": "AuthenticationError",
        "error-429-org-rate-limit-messages-face": "RateLimitError",
        "error-429-rpm-retry-after": "RateLimitError"
      } as const
      for (const [name, tag] of Object.entries(expected)) {
        const { status, headers, body } = Fixtures.exchange(name as keyof typeof expected)
        const error = fromStatus(answer(status, { headers, body: JSON.stringify(body) }), call)
        assert.strictEqual(error._tag, tag)
        assert.deepStrictEqual([error.requestId, error.traceId], [headers["msh-request-id"], headers["x-msh-trace-id"]])
      }
    })

    it("returns the successor of a model that Moonshot has switched off", () => {
      const body = errorBody("Not found the model kimi-k2.5 or Permission denied", "resource_not_found_error")
      const moonshot = read(404, { body }, { ...call, model: "kimi-k2.5" })
      assert.deepInclude(moonshot, { _tag: "ModelRetiredError", retiredOn: "2026-08-31", successor: "kimi-k3" })
    })

    it("does not take an unknown model or another host's model for a retired one", () => {
      const body = errorBody("Not found the model kimi-k2.5 or Permission denied", "resource_not_found_error")
      for (const elsewhere of [
        { ...call, model: "kimi-k2.5", isMoonshot: false },
        { ...call, model: "kimi-k3" },
        { ...call, model: "somebody-else" },
        { ...call, model: undefined }
      ]) {
        assert.strictEqual(read(404, { body }, elsewhere)["_tag"], "ModelNotFoundError")
      }
      assert.notProperty(read(404, { body }, { ...call, model: undefined }), "model")
    })

    it("returns a live successor for every model that was switched off", () => {
      const body = errorBody("Not found the model", "resource_not_found_error")
      for (const { id, lifecycle } of ModelCatalog.knownModels) {
        const { _tag, successor } = read(404, { body }, { ...call, model: id })
        assert.strictEqual(_tag, lifecycle.state === "retired" ? "ModelRetiredError" : "ModelNotFoundError", id)
        if (lifecycle.state === "retired") {
          assert.strictEqual(ModelCatalog.find(String(successor))?.lifecycle.state, "live", id)
        }
      }
    })

    it("maps a 404 that names no model to a wrong base URL", () => {
      for (const status of [404, 405]) {
        for (const body of ["", "404 page not found", errorBody("url not found")]) {
          assert.deepInclude(read(status, { body }), { _tag: "InvalidRequestError", parameter: "baseUrl" })
        }
      }
    })

    it("maps a 404 that names a model to a missing model", () => {
      assert.strictEqual(read(404, { body: errorBody("model x does not exist") })["_tag"], "ModelNotFoundError")
    })

    it("has only the origin of a redirect", () => {
      const location = "https://user:pass@login.example.com:8443/v1/chat?token=secret#top"
      for (const status of [300, 301, 302, 303, 307, 308]) {
        const error = read(status, { headers: { location } })
        assert.deepInclude(error, { _tag: "RedirectError", location: "https://login.example.com:8443" })
        assert.notMatch(JSON.stringify(error), /user|pass|token|secret|chat/)
      }
    })

    it("omits the origin of a relative redirect", () => {
      assert.notProperty(read(302), "location")
      assert.notProperty(read(302, { headers: { location: "/v2/chat" } }), "location")
    })

    it("maps every other status", () => {
      const statuses = {
        InvalidResponseError: [101, 200, 204],
        RedirectError: [304],
        InvalidRequestError: [400, 418, 422, 451],
        QuotaExceededError: [402],
        GatewayTimeoutError: [408, 504, 524],
        ServiceUnavailableError: [409, 425, 502, 503, 521, 522, 523, 525, 526, 530],
        RequestTooLargeError: [413],
        PermissionDeniedError: [403],
        ServerError: [500, 501, 520, 599]
      }
      for (const [tag, all] of Object.entries(statuses)) {
        for (const status of all) assert.deepInclude(read(status), { _tag: tag, status }, String(status))
      }
    })

    it("reads the message of a 413 or 422", () => {
      const body = errorBody("maximum context length is 8192")
      for (const status of [413, 422]) assert.strictEqual(read(status, { body })["limit"], 8192)
    })

    it("distinguishes an exhausted account from a missing permission", () => {
      const body = errorBody("usage limit for this billing cycle")
      assert.strictEqual(read(403, { body })["_tag"], "QuotaExceededError")
    })

    it("recognizes an overloaded host by its type with any 5xx", () => {
      assert.strictEqual(read(500, { body: errorBody("later", "engine_overloaded_error") })["_tag"], "OverloadedError")
      assert.strictEqual(read(529)["_tag"], "OverloadedError")
    })

    it("describes a page without quoting it", () => {
      const page = { headers: { "content-type": "text/html; charset=utf-8" }, body: "secret <h1>" }
      assert.strictEqual(read(500, page)["message"], "the host answered 500 with a page of text/html")
      assert.strictEqual(
        read(500, { body: " <html>secret" })["message"],
        "the host answered 500 with a page of no content type"
      )
      assert.strictEqual(read(500, { body: " \n" })["message"], "the host answered 500 with an empty body")
    })

    it("redacts keys in other bodies", () => {
      const text = "key sk-0123456789abcdef is bad"
      assert.strictEqual(read(500, { body: text })["message"], "the host answered 500 with key <redacted> is bad")
    })

    it("quotes other bodies", () => {
      assert.strictEqual(
        read(500, { body: '{"detail":"no"}' })["message"],
        'the host answered 500 with {"detail":"no"}'
      )
      assert.strictEqual(read(500, { body: '{"error":"plain"}' })["message"], "plain")
    })

    it("limits the length of a quoted body", () => {
      assert.isAtMost(String(read(500, { body: "x".repeat(100_000) })["message"]).length, 2_049)
    })

    it("reads the request id from the headers before the body", () => {
      const body = JSON.stringify({ error: { message: "no" }, request_id: "body-1" })
      assert.strictEqual(read(400, { body })["requestId"], "body-1")
      assert.strictEqual(read(400, { body, headers: { "msh-request-id": "head-1" } })["requestId"], "head-1")
    })

    it("leaves out a request id of the body that is none", () => {
      const body = JSON.stringify({ error: { message: "no" }, request_id: "tell me a joke" })
      assert.notProperty(read(400, { body }), "requestId")
    })
  })

  describe("retryAfter", () => {
    it("is read from each header in seconds", () => {
      for (const name of ["retry-after", "x-retry-after", "msh-cooldown-seconds"]) {
        assert.strictEqual(seconds(waitOf({ [name]: "7" })), 7, name)
        assert.strictEqual(seconds(waitOf({ [name]: " 7 " })), 7, name)
        assert.strictEqual(seconds(waitOf({ [name]: "0" })), 0, name)
        assert.strictEqual(seconds(waitOf({ [name]: "9".repeat(30) })), 31 * 86_400, name)
      }
    })

    it("is read from each of the three forms of a date, counted from now", () => {
      for (const date of [
        "Sun, 22 Nov 2026 12:01:30 GMT",
        "Sunday, 22-Nov-26 12:01:30 GMT",
        "Sun Nov 22 12:01:30 2026"
      ]) {
        assert.strictEqual(seconds(waitOf({ "retry-after": date })), 90, date)
      }
      assert.strictEqual(seconds(waitOf({ "retry-after": new Date(now - 60_000).toUTCString() })), 0)
    })

    it("is the longest wait of headers or message", () => {
      const headers = { "retry-after": "1", "x-retry-after": "2", "msh-cooldown-seconds": "3" }
      assert.strictEqual(seconds(waitOf(headers)), 3)
      assert.strictEqual(seconds(waitOf(headers, "please try again after 4 seconds")), 4)
      assert.strictEqual(seconds(waitOf({ ...headers, "retry-after": "5" }, "please try again after 4 seconds")), 5)
      assert.strictEqual(seconds(waitOf({ ...headers, "x-retry-after": "Sun, 22 Nov 2026 12:00:06 GMT" })), 6)
    })

    it("ignores invalid values", () => {
      for (const value of [
        "",
        "soon",
        "-1",
        "-1.5",
        "1e3",
        "0x10",
        "Infinity",
        "Sun, 99 Nov 2026 12:00:00 GMT",
        "NaN"
      ]) {
        assert.isUndefined(waitOf({ "retry-after": value }), value)
        assert.strictEqual(seconds(waitOf({ "retry-after": value, "x-retry-after": "2" })), 2, value)
      }
    })

    it("is set on every retryable error of a response", () => {
      for (const status of [408, 409, 425, 429, 500, 502, 503, 504, 524, 529]) {
        assert.strictEqual(seconds(read(status, { headers: { "retry-after": "3" } })["retryAfter"]), 3, String(status))
      }
    })
  })

  describe("fromErrorObject", () => {
    const object = (error: Parameters<typeof fromErrorObject>[0], headers: Headers.Input = {}) =>
      fields(fromErrorObject(error, Headers.fromInput(headers), call))

    it("is mapped by its type", () => {
      const tags = {
        content_filter: ["ContentFilterError", 400],
        invalid_request_error: ["InvalidRequestError", 400],
        invalid_authentication_error: ["AuthenticationError", 401],
        incorrect_api_key_error: ["AuthenticationError", 401],
        permission_denied_error: ["PermissionDeniedError", 403],
        resource_not_found_error: ["ModelNotFoundError", 404],
        engine_overloaded_error: ["OverloadedError", 429],
        exceeded_current_quota_error: ["QuotaExceededError", 429],
        rate_limit_reached_error: ["RateLimitError", 429],
        rate_limit_error: ["RateLimitError", 429],
        server_error: ["ServerError", 500],
        unexpected_output: ["ServerError", 500],
        server_unavailable: ["ServiceUnavailableError", 503],
        timeout: ["GatewayTimeoutError", 504]
      }
      for (const [type, [tag, status]] of Object.entries(tags)) {
        assert.deepInclude(object({ type, message: "m", code: 418 }), { _tag: tag, status, message: "m" }, type)
      }
    })

    it("is mapped by its code where the type is unknown", () => {
      assert.strictEqual(object({ code: 502, message: "m" })["_tag"], "ServiceUnavailableError")
      assert.strictEqual(object({ code: 400, message: "m" })["_tag"], "InvalidRequestError")
      assert.strictEqual(object({ code: 401, type: "odd", message: "m" })["_tag"], "AuthenticationError")
      for (const code of [0, 200, 399, 400.5, 600, 1e21, -400, "5021", Number.MAX_SAFE_INTEGER]) {
        assert.strictEqual(object({ code, message: "m" })["_tag"], "StreamFailedError", String(code))
      }
    })

    it("is mapped by its message where its type is unknown", () => {
      assert.strictEqual(object({ message: "Overloaded" })["_tag"], "OverloadedError")
      assert.strictEqual(object({ message: "Rate limit exceeded" })["_tag"], "RateLimitError")
      const reached = object({ message: "request reached organization max RPM: 3, please try again after 2 seconds" })
      assert.deepInclude(reached, { _tag: "RateLimitError", kind: "requests per minute", limit: 3 })
      assert.strictEqual(seconds(reached["retryAfter"]), 2)
    })

    it("is a failed stream where nothing of it is known", () => {
      const error = object(
        { message: "broken sk-0123456789abcdef", type: "Bearer abcdefgh" },
        { "msh-request-id": "r-1" }
      )
      assert.deepStrictEqual(error, {
        _tag: "StreamFailedError",
        provider: "moonshot",
        model: "kimi-k3",
        requestId: "r-1",
        message: "broken <redacted>",
        type: "Bearer <redacted>"
      })
    })

    it("has a default message", () => {
      assert.deepInclude(object({}), { message: "the host reported an error without a message" })
      assert.deepInclude(object({ type: "server_error" }), { message: "the host reported an error without a message" })
    })

    it("counts a date in the headers as passed", () => {
      const error = object({ type: "server_error", message: "m" }, { "retry-after": "Sun, 22 Nov 2026 12:01:30 GMT" })
      assert.strictEqual(seconds(error["retryAfter"]), 0)
    })
  })
})
