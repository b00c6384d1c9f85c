import { assert, describe, it } from "@effect/vitest"
import { CassetteMissError } from "@kimi-effect/core/CassetteErrors"
import * as Duration from "effect/Duration"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import { fromBrokenStream, fromTransport } from "../../src/internal/mapTransportError.ts"
import { PoolTimeout } from "../../src/internal/PoolTimeout.ts"
import { UnsentRequest } from "../../src/internal/UnsentRequest.ts"
import { call, fields } from "./support/errors.ts"

const limits = { connectTimeout: Duration.seconds(10), maxResponseBytes: 1_000 }
const request = HttpClientRequest.post("https://api.moonshot.ai/v1/chat/completions")

const coded = (code: string): Error => Object.assign(new Error("socket text with sk-0123456789abcdef"), { code })

/** A failed call as Effect's clients report it. */
const failed = (cause: unknown): HttpClientError.HttpClientError =>
  new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, cause }) })

/** A broken body as Effect's clients report it. */
const brokeOff = (cause: unknown, headers: Record<string, string> = {}): HttpClientError.HttpClientError => {
  const response = HttpClientResponse.fromWeb(request, new Response("", { headers }))
  return new HttpClientError.HttpClientError({ reason: new HttpClientError.DecodeError({ request, response, cause }) })
}

const read = (error: unknown) => fields(fromTransport(error, call, limits))
const tagOf = (code: string) => read(failed(coded(code)))["_tag"]

describe("mapTransportError", () => {
  describe("fromTransport", () => {
    it("returns the miss of a cassette unchanged", () => {
      const miss = new CassetteMissError({
        message: "no response",
        cassette: "chat",
        method: "POST",
        path: "/v1/chat/completions",
        differences: []
      })
      assert.strictEqual(fromTransport(failed(miss), call, limits), miss)
    })

    it("maps every family of codes", () => {
      const families = {
        DnsError: ["ENOTFOUND", "EAI_AGAIN"],
        ConnectionRefusedError: ["ECONNREFUSED", "ENETUNREACH", "EHOSTUNREACH", "EADDRNOTAVAIL"],
        ConnectTimeoutError: ["UND_ERR_CONNECT_TIMEOUT"],
        ResponseTooLargeError: ["UND_ERR_RES_EXCEEDED_MAX_SIZE", "UND_ERR_HEADERS_OVERFLOW"],
        TlsError: [
          "ERR_TLS_CERT_ALTNAME_INVALID",
          "ERR_SSL_WRONG_VERSION_NUMBER",
          "CERT_HAS_EXPIRED",
          "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
          "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
          "SELF_SIGNED_CERT_IN_CHAIN",
          "DEPTH_ZERO_SELF_SIGNED_CERT",
          "HOSTNAME_MISMATCH",
          "EPROTO"
        ],
        ConnectionLostError: [
          "ECONNRESET",
          "EPIPE",
          "UND_ERR_SOCKET",
          "UND_ERR_BODY_TIMEOUT",
          "ERR_HTTP2_STREAM_ERROR",
          "odd"
        ]
      }
      for (const [tag, codes] of Object.entries(families)) {
        for (const code of codes) assert.strictEqual(tagOf(code), tag, code)
      }
    })

    it("maps a connection on which nothing was written to one that was refused", () => {
      for (const cause of [
        Object.assign(coded("UND_ERR_SOCKET"), { socket: { bytesWritten: 0, bytesRead: 0 } }),
        Object.assign(coded("EPIPE"), { syscall: "write" }),
        new UnsentRequest(coded("ECONNRESET")),
        new UnsentRequest(new Error("without a code"))
      ]) {
        const { _tag, billing } = fromTransport(failed(cause), call, limits)
        assert.deepStrictEqual([_tag, billing], ["ConnectionRefusedError", "none"])
      }
    })

    it("maps a connection on which the request was written to a lost one", () => {
      for (const cause of [
        Object.assign(coded("UND_ERR_SOCKET"), { socket: { bytesWritten: 1, bytesRead: 0 } }),
        Object.assign(coded("ECONNRESET"), { syscall: "read" })
      ]) {
        const { _tag, billing } = fromTransport(failed(cause), call, limits)
        assert.deepStrictEqual([_tag, billing], ["ConnectionLostError", "possible"])
      }
    })

    it("keeps the meaning of a code when nothing was sent", () => {
      assert.strictEqual(read(failed(new UnsentRequest(coded("ENOTFOUND"))))["_tag"], "DnsError")
    })

    it("maps the end of a wait for a connection, with how long it was", () => {
      assert.deepInclude(read(failed(new PoolTimeout(Duration.seconds(30), 4))), {
        _tag: "ConnectionPoolTimeoutError",
        timeout: Duration.seconds(30),
        message: "All connections were in use for 30s; the pool carries 4 calls at a time"
      })
    })

    it("distinguishes a connect timeout from a silent connection with the same code", () => {
      const timedOut = (syscall: string) => Object.assign(coded("ETIMEDOUT"), { syscall })
      const tried = (...errors: ReadonlyArray<unknown>) =>
        Object.assign(new AggregateError(errors), { code: "ETIMEDOUT" })
      for (const error of [timedOut("connect"), tried(timedOut("connect"), timedOut("connect"))]) {
        assert.strictEqual(read(failed(error))["_tag"], "ConnectTimeoutError")
      }
      for (const error of [coded("ETIMEDOUT"), timedOut("read"), tried(timedOut("read")), tried(), tried(null, 3)]) {
        assert.deepInclude(read(failed(error)), { _tag: "ConnectionLostError", code: "ETIMEDOUT" })
      }
    })

    it("has the code of the platform with the members of the call", () => {
      assert.deepStrictEqual(read(failed(coded("ECONNREFUSED"))), {
        _tag: "ConnectionRefusedError",
        provider: "moonshot",
        model: "kimi-k3",
        code: "ECONNREFUSED",
        message: "No connection to https://api.moonshot.ai can be established"
      })
    })

    it("names the proxy of the client where no connection was made", () => {
      const proxy = "http://proxy:8080"
      for (const code of ["ECONNREFUSED", "ENOTFOUND", "UND_ERR_CONNECT_TIMEOUT"]) {
        const { message } = fromTransport(failed(coded(code)), call, limits, proxy)
        assert.match(message, /https:\/\/api\.moonshot\.ai .* \(through the proxy http:\/\/proxy:8080\)$/)
      }
    })

    it("omits a model that is not known", () => {
      assert.notProperty(fields(fromTransport(coded("x"), { ...call, model: undefined }, limits)), "model")
    })

    it("does not quote the platform's text", () => {
      assert.notInclude(JSON.stringify(read(failed(coded("ECONNRESET")))), "sk-")
    })

    it("has the limit that was exceeded", () => {
      assert.deepStrictEqual(read(failed(coded("UND_ERR_CONNECT_TIMEOUT")))["timeout"], Duration.seconds(10))
      assert.strictEqual(read(failed(coded("UND_ERR_RES_EXCEEDED_MAX_SIZE")))["limit"], 1_000)
    })

    it("finds the code through any nesting (causes, reasons, aggregates)", () => {
      const inner = coded("ENOTFOUND")
      for (const error of [
        inner,
        new TypeError("fetch failed", { cause: inner }),
        failed(new TypeError("fetch failed", { cause: inner })),
        new AggregateError([inner, coded("ECONNREFUSED")]),
        failed(new TypeError("fetch failed", { cause: new AggregateError([inner]) })),
        { reason: { reason: inner } },
        { reason: new Error("no code here"), cause: inner },
        Object.assign(new AggregateError([coded("ECONNRESET")]), { code: "ENOTFOUND" })
      ]) {
        assert.strictEqual(read(error)["_tag"], "DnsError")
      }
    })

    it("searches for the code in at most six levels", () => {
      const nested = (depth: number, level: (inner: unknown) => object): unknown =>
        depth === 0 ? coded("ENOTFOUND") : level(nested(depth - 1, level))
      for (const level of [
        (cause: unknown) => ({ cause }),
        (reason: unknown) => ({ reason }),
        (first: unknown) => ({ errors: [first] })
      ]) {
        assert.strictEqual(read(nested(6, level))["_tag"], "DnsError")
        assert.strictEqual(read(nested(7, level))["_tag"], "ConnectionLostError")
      }
    })

    it("describes the failure in one sentence", () => {
      const sentences = {
        ENOTFOUND: "The host name of https://api.moonshot.ai could not be resolved",
        ECONNREFUSED: "No connection to https://api.moonshot.ai can be established",
        UND_ERR_CONNECT_TIMEOUT: "No connection to https://api.moonshot.ai was established in time",
        UND_ERR_PRX_CONN: "The proxy on the way to https://api.moonshot.ai does not accept connections",
        UND_ERR_HEADERS_OVERFLOW: "The response is larger than allowed",
        EPROTO: "The TLS handshake with https://api.moonshot.ai failed",
        ECONNRESET: "The connection to https://api.moonshot.ai broke before the response was complete"
      }
      for (const [code, sentence] of Object.entries(sentences)) {
        assert.strictEqual(read(failed(coded(code)))["message"], sentence)
      }
    })

    it("names only the origin of a URL", () => {
      for (const [url, origin] of [
        ["https://user:secret@host.example:8443/tenant/v1/chat?token=secret#secret", "https://host.example:8443"],
        ["http://127.0.0.1:9/v1/chat/completions", "http://127.0.0.1:9"],
        ["http://[::1]:9/v1", "http://[::1]:9"],
        ["not a url with secret", "the host"],
        ["data:secret", "the host"]
      ] as const) {
        const refused = new HttpClientError.HttpClientError({
          reason: new HttpClientError.TransportError({
            request: HttpClientRequest.post("").pipe(HttpClientRequest.setUrl(url)),
            cause: coded("ECONNREFUSED")
          })
        })
        assert.strictEqual(read(refused)["message"], `No connection to ${origin} can be established`)
      }
    })

    it("ignores codes that are not strings, such as those of a DOMException", () => {
      const error = new DOMException("aborted", "AbortError")
      assert.isNumber(error.code)
      assert.notProperty(read(error), "code")
      assert.strictEqual(read({ code: 20, cause: coded("ENOTFOUND") })["_tag"], "DnsError")
    })

    it("terminates on circular causes", () => {
      const a = new Error("a")
      const b = new Error("b", { cause: a })
      a.cause = b
      assert.strictEqual(read(a)["_tag"], "ConnectionLostError")
      const knot: Record<string, unknown> = {}
      Object.assign(knot, { reason: knot, cause: knot, errors: [knot] })
      assert.notProperty(read(knot), "code")
    })

    it("terminates on deep causes", () => {
      let deep: Error = coded("ENOTFOUND")
      for (let depth = 0; depth < 10_000; depth++) deep = new Error("deep", { cause: deep })
      assert.strictEqual(read(deep)["_tag"], "ConnectionLostError")
    })

    it("maps any other value to a lost connection", () => {
      for (const error of [
        undefined,
        null,
        "text",
        3,
        {},
        [],
        new Error("terminated"),
        { errors: [] },
        { errors: "x" },
        { errors: null }
      ]) {
        assert.deepStrictEqual(read(error), {
          _tag: "ConnectionLostError",
          provider: "moonshot",
          model: "kimi-k3",
          message: "The connection to the host broke before the response was complete"
        })
      }
    })

    it("limits the length of the code", () => {
      assert.strictEqual(String(read(coded("X".repeat(10_000)))["code"]).length, 64)
    })

    it("has the host's ids of a response that had begun", () => {
      const error = read(brokeOff(coded("ECONNRESET"), { "msh-request-id": "r-1", "x-msh-trace-id": "t-1" }))
      assert.deepInclude(error, { _tag: "ConnectionLostError", code: "ECONNRESET", requestId: "r-1", traceId: "t-1" })
    })
  })

  describe("fromBrokenStream", () => {
    it("is an interrupted stream for every code", () => {
      for (const code of ["ECONNRESET", "UND_ERR_SOCKET", "ENOTFOUND", "CERT_HAS_EXPIRED"]) {
        assert.deepStrictEqual(fields(fromBrokenStream(brokeOff(coded(code), { "msh-request-id": "r-1" }), call)), {
          _tag: "StreamInterruptedError",
          provider: "moonshot",
          model: "kimi-k3",
          requestId: "r-1",
          code,
          message: "The connection to https://api.moonshot.ai broke in the middle of the stream"
        })
      }
    })

    it("does not require a code", () => {
      assert.notProperty(fromBrokenStream(new TypeError("terminated"), call), "code")
      assert.notProperty(fromBrokenStream(undefined, { ...call, model: undefined }), "model")
    })
  })
})
