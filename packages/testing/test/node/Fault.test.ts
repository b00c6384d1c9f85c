import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fault from "../../src/Fault.ts"
import * as Fixtures from "../../src/node/Fixtures.ts"
import * as MockServer from "../../src/node/MockServer.ts"
import * as ErrorReply from "../../src/ErrorReply.ts"
import * as Reply from "../../src/Reply.ts"
import * as SseText from "../../src/SseText.ts"
import * as RawClient from "./support/RawClient.ts"

const plain = JSON.stringify(Fixtures.exchange("plain-03-reasoning-cached").body)
const events = SseText.split(Fixtures.sse("stream-01-include-usage")).filter((event) => !event.includes('"choices":[]'))
const first = (count: number) => events.slice(0, count).join("")

/** Sends a chat request whose response has the fault, and returns what the client received. */
const observe = Effect.fnUntraced(function* (fault: Fault.Fault, body: object = {}, disconnectAfter?: number) {
  const server = yield* MockServer.MockServer
  yield* server.reset
  yield* server.reply(Reply.faulty(fault))
  const observed = yield* RawClient.chat(server.url, body, disconnectAfter === undefined ? {} : { disconnectAfter })
  if (observed.outcome === "disconnected") yield* server.awaitAborted(1)
  return { ...observed, aborted: yield* server.aborted }
})
const streaming = { stream: true }

layer(MockServer.layer(), { excludeTestServices: true })((it) => {
  describe("before the headers", () => {
    it.effect("ResetBeforeHeaders resets the connection", () =>
      Effect.gen(function* () {
        const { aborted, outcome, status } = yield* observe(Fault.ResetBeforeHeaders())
        assert.deepStrictEqual({ aborted, outcome, status }, { aborted: 0, outcome: "ECONNRESET", status: undefined })
      })
    )

    it.effect("StallBeforeHeaders sends nothing until the client disconnects", () =>
      Effect.gen(function* () {
        const { aborted, outcome, status } = yield* observe(Fault.StallBeforeHeaders(), {}, 150)
        assert.deepStrictEqual({ aborted, outcome, status }, { aborted: 1, outcome: "disconnected", status: undefined })
      })
    )

    it.effect("SlowHeaders delays the whole response", () =>
      Effect.gen(function* () {
        const { headersAfter, outcome, text } = yield* observe(Fault.SlowHeaders({ delay: "60 millis" }))
        assert.isAtLeast(headersAfter, 59)
        assert.deepStrictEqual({ outcome, text }, { outcome: "end", text: plain })
      })
    )
  })

  describe("bodies", () => {
    it.effect("ResetMidBody resets the connection after a number of bytes", () =>
      Effect.gen(function* () {
        const { aborted, outcome, status, text } = yield* observe(Fault.ResetMidBody({ afterBytes: 100 }))
        assert.deepStrictEqual(
          { aborted, outcome, status, text },
          { aborted: 0, outcome: "ECONNRESET", status: 200, text: plain.slice(0, 100) }
        )
      })
    )

    it.effect("ResetMidBody sends the headers before a reset without bytes", () =>
      Effect.gen(function* () {
        const { outcome, status, text } = yield* observe(Fault.ResetMidBody({ afterBytes: 0 }))
        assert.deepStrictEqual({ outcome, status, text }, { outcome: "ECONNRESET", status: 200, text: "" })
      })
    )

    it.effect("ResetMidBody counts the bytes of a stream", () =>
      Effect.gen(function* () {
        const { outcome, text } = yield* observe(Fault.ResetMidBody({ afterBytes: 300 }), streaming)
        assert.deepStrictEqual({ outcome, text }, { outcome: "ECONNRESET", text: first(9).slice(0, 300) })
      })
    )

    it.effect("StallMidBody stalls after a number of bytes", () =>
      Effect.gen(function* () {
        const { aborted, outcome, text } = yield* observe(Fault.StallMidBody({ afterBytes: 100 }), {}, 150)
        assert.deepStrictEqual(
          { aborted, outcome, text },
          { aborted: 1, outcome: "disconnected", text: plain.slice(0, 100) }
        )
      })
    )

    it.effect("SlowBody delays only the body", () =>
      Effect.gen(function* () {
        const { endAfter, headersAfter, outcome, text } = yield* observe(Fault.SlowBody({ delay: "400 millis" }))
        assert.isBelow(headersAfter, 300)
        assert.isAtLeast(endAfter, 399)
        assert.deepStrictEqual({ outcome, text }, { outcome: "end", text: plain })
      })
    )

    it.effect("TruncatedBody closes the connection before the announced length", () =>
      Effect.gen(function* () {
        const { aborted, headers, outcome, text } = yield* observe(Fault.TruncatedBody({ afterBytes: 100 }))
        assert.strictEqual(headers["content-length"], `${Buffer.byteLength(plain)}`)
        assert.deepStrictEqual(
          { aborted, outcome, text },
          { aborted: 0, outcome: "ECONNRESET", text: plain.slice(0, 100) }
        )
      })
    )

    it.effect("EmptyBody responds with 200 without a body", () =>
      Effect.gen(function* () {
        const { headers, outcome, status, text } = yield* observe(Fault.EmptyBody())
        assert.deepStrictEqual({ outcome, status, text }, { outcome: "end", status: 200, text: "" })
        assert.strictEqual(headers["content-type"], "application/json; charset=utf-8")
        assert.strictEqual(headers["content-length"], "0")
      })
    )

    it.effect("WrongContentType responds with 200 with a page", () =>
      Effect.gen(function* () {
        for (const body of [{}, streaming]) {
          const { headers, outcome, status, text } = yield* observe(Fault.WrongContentType(), body)
          assert.deepStrictEqual({ outcome, status }, { outcome: "end", status: 200 })
          assert.strictEqual(headers["content-type"], "text/html; charset=utf-8")
          assert.isTrue(text.startsWith("<!DOCTYPE html>"))
        }
      })
    )

    it.effect("MalformedJson sends a body of the announced length that is not JSON", () =>
      Effect.gen(function* () {
        const { headers, outcome, status, text } = yield* observe(Fault.MalformedJson())
        assert.deepStrictEqual({ outcome, status }, { outcome: "end", status: 200 })
        assert.strictEqual(headers["content-type"], "application/json; charset=utf-8")
        assert.strictEqual(headers["content-length"], `${text.length}`)
        assert.throws(() => JSON.parse(text))
      })
    )

    it.effect("HugeBody sends a well-formed completion of exactly the given size", () =>
      Effect.gen(function* () {
        const { headers, text } = yield* observe(Fault.HugeBody({ bytes: 3_000_001, contentLength: true }))
        assert.strictEqual(text.length, 3_000_001)
        assert.strictEqual(headers["content-length"], "3000001")
        assert.match(JSON.parse(text).choices[0].message.content, /^a+$/)
      })
    )

    it.effect("HugeBody can omit the content length", () =>
      Effect.gen(function* () {
        const { headers, text } = yield* observe(Fault.HugeBody({ bytes: 3_000_001, contentLength: false }))
        assert.strictEqual(text.length, 3_000_001)
        assert.isUndefined(headers["content-length"])
        assert.strictEqual(headers["transfer-encoding"], "chunked")
      })
    )

    it.effect("Redirect sends a location without a body", () =>
      Effect.gen(function* () {
        const { headers, status, text } = yield* observe(
          Fault.Redirect({ status: 307, location: "http://other.test/" })
        )
        assert.deepStrictEqual(
          { location: headers.location, status, text },
          { location: "http://other.test/", status: 307, text: "" }
        )
      })
    )
  })

  describe("streams", () => {
    it.effect("ResetMidStream resets the connection after a number of events", () =>
      Effect.gen(function* () {
        for (const afterEvents of [0, 3]) {
          const { aborted, outcome, status, text } = yield* observe(Fault.ResetMidStream({ afterEvents }), streaming)
          assert.deepStrictEqual(
            { aborted, outcome, status, text },
            { aborted: 0, outcome: "ECONNRESET", status: 200, text: first(afterEvents) }
          )
        }
      })
    )

    it.effect("StallMidStream stalls after a number of events", () =>
      Effect.gen(function* () {
        const { aborted, outcome, text } = yield* observe(Fault.StallMidStream({ afterEvents: 3 }), streaming, 150)
        assert.deepStrictEqual({ aborted, outcome, text }, { aborted: 1, outcome: "disconnected", text: first(3) })
      })
    )

    it.effect("SlowEvents delays each event", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.MockServer
        yield* server.reset
        yield* server.reply(
          Reply.sse(["1", "2", "3", "[DONE]"], {
            chunking: "whole",
            fault: Fault.SlowEvents({ interval: "30 millis" })
          })
        )
        const { chunks, endAfter, outcome } = yield* RawClient.chat(server.url, streaming)
        assert.deepStrictEqual(
          { chunks: chunks.map(String), outcome },
          { chunks: ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n", "data: [DONE]\n\n"], outcome: "end" }
        )
        assert.isAtLeast(endAfter, 4 * 29)
      })
    )

    it.effect("TruncatedStream ends the response without [DONE]", () =>
      Effect.gen(function* () {
        const { aborted, outcome, text } = yield* observe(Fault.TruncatedStream({ afterEvents: 46 }), streaming)
        assert.deepStrictEqual({ aborted, outcome, text }, { aborted: 0, outcome: "end", text: first(46) })
      })
    )

    it.effect("KeepAlive sends only comments", () =>
      Effect.gen(function* () {
        const { aborted, outcome, text } = yield* observe(
          Fault.KeepAlive({ afterEvents: 2, interval: "10 millis" }),
          streaming,
          150
        )
        assert.deepStrictEqual({ aborted, outcome }, { aborted: 1, outcome: "disconnected" })
        assert.isTrue(text.startsWith(first(2)))
        assert.match(text.slice(first(2).length), /^(: keep-alive\n\n){2,}$/)
      })
    )

    it.effect("HugeEvent inserts a well-formed event of exactly the given size", () =>
      Effect.gen(function* () {
        const { outcome, text } = yield* observe(Fault.HugeEvent({ afterEvents: 1, bytes: 1_000_003 }), streaming)
        const received = SseText.split(text)
        assert.strictEqual(outcome, "end")
        assert.strictEqual(received[1]?.length, 1_000_003)
        assert.match(JSON.parse(received[1]?.slice(6) ?? "").choices[0].delta.content, /^a+$/)
        assert.deepStrictEqual(received.toSpliced(1, 1), events)
      })
    )

    it.effect("CorruptEvent truncates the JSON of one event", () =>
      Effect.gen(function* () {
        const { outcome, text } = yield* observe(Fault.CorruptEvent({ afterEvents: 2 }), streaming)
        const received = SseText.split(text)
        assert.strictEqual(outcome, "end")
        assert.deepStrictEqual(received.toSpliced(2, 1), events.toSpliced(2, 1))
        assert.throws(() => JSON.parse(received[2]?.slice(6) ?? ""))
      })
    )

    it.effect("JoinedEvents joins two events on one line", () =>
      Effect.gen(function* () {
        const { outcome, text } = yield* observe(Fault.JoinedEvents({ afterEvents: 2 }), streaming)
        const received = SseText.split(text)
        assert.strictEqual(outcome, "end")
        assert.strictEqual(received.length, events.length - 1)
        assert.isTrue(
          received[2]?.startsWith('data: {"id":"chatcmpl-6adata: {"id":"chatcmpl-6a5a94402c5b15ae3c2ccb5b"')
        )
        assert.deepStrictEqual(received.slice(3), events.slice(4))
      })
    )

    it.effect("ErrorInStream sends an error instead of [DONE]", () =>
      Effect.gen(function* () {
        const error = { message: "engine stopped", type: "server_error" }
        const { outcome, text } = yield* observe(Fault.ErrorInStream({ afterEvents: 2, error }), streaming)
        assert.strictEqual(outcome, "end")
        assert.strictEqual(text, `${first(2)}data: {"error":{"message":"engine stopped","type":"server_error"}}\n\n`)
      })
    )

    it.effect("ResetMidStream counts a body as one event", () =>
      Effect.gen(function* () {
        const reset = yield* observe(Fault.ResetMidStream({ afterEvents: 0 }))
        assert.deepStrictEqual([reset.status, reset.text, reset.outcome], [200, "", "ECONNRESET"])
      })
    )

    it.effect("TruncatedStream counts a body as one event", () =>
      Effect.gen(function* () {
        const truncated = yield* observe(Fault.TruncatedStream({ afterEvents: 0 }))
        assert.deepStrictEqual([truncated.status, truncated.text, truncated.outcome], [200, "", "end"])
      })
    )
  })

  describe("on any reply", () => {
    it.effect("applies to a scripted error", () =>
      Effect.gen(function* () {
        const server = yield* MockServer.MockServer
        yield* server.reset
        yield* server.reply(Reply.withFault(Fault.TruncatedBody({ afterBytes: 5 }))(ErrorReply.table.limitRpm))
        const { headers, outcome, status, text } = yield* RawClient.chat(server.url)
        assert.deepStrictEqual({ outcome, status, text }, { outcome: "ECONNRESET", status: 429, text: '{"err' })
        assert.strictEqual(headers["retry-after"], "1")
      })
    )
  })
})
