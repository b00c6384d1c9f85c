/** Every fault of the testing package, in a chat and in a stream over real sockets. */
import { assert, describe, it } from "@effect/vitest"
import type { Options } from "@kimi-effect/core/KimiConfig"
import { Fault, Reply } from "@kimi-effect/testing"
import { Effect } from "effect"
import { hello, ids, plainIds, withKimi } from "./node/support/kimi.ts"
import { call, type Mode, outcome } from "./node/support/outcome.ts"

interface Row {
  readonly fault: Fault.Fault
  readonly expected: "answer" | { readonly [name: string]: unknown }
  /** The timeout that ends the call, for faults that never end. */
  readonly bound?: Options
}

const common = { provider: "moonshot", model: "kimi-k3" }
const json = { contentType: "application/json; charset=utf-8" }
const html = { contentType: "text/html; charset=utf-8" }
const total = { totalTimeout: "200 millis" } as const
const firstToken = { firstTokenTimeout: "50 millis" } as const
const idle = { idleTimeout: "50 millis" } as const

const lost = (code: string, more: object = plainIds) => ({ _tag: "ConnectionLostError", ...common, code, ...more })
const unusable = (more: object) => ({ _tag: "InvalidResponseError", ...common, status: 200, ...more })
const unreadable = unusable({ ...json, ...plainIds })

const plain: { readonly [Name in Fault.Fault["_tag"]]: Row } = {
  // The server has accepted the connection.
  ConnectFailure: { fault: Fault.ConnectFailure({ reason: "dns" }), expected: lost("ECONNRESET", {}) },
  ResetBeforeHeaders: { fault: Fault.ResetBeforeHeaders(), expected: lost("ECONNRESET", {}) },
  StallBeforeHeaders: {
    fault: Fault.StallBeforeHeaders(),
    bound: total,
    expected: { _tag: "TotalTimeoutError", ...common }
  },
  SlowHeaders: { fault: Fault.SlowHeaders({ delay: 20 }), expected: "answer" },
  ResetMidBody: { fault: Fault.ResetMidBody({ afterBytes: 100 }), expected: lost("ECONNRESET") },
  StallMidBody: {
    fault: Fault.StallMidBody({ afterBytes: 100 }),
    bound: total,
    expected: { _tag: "TotalTimeoutError", ...common }
  },
  SlowBody: { fault: Fault.SlowBody({ delay: 20 }), expected: "answer" },
  TruncatedBody: { fault: Fault.TruncatedBody({ afterBytes: 100 }), expected: lost("UND_ERR_SOCKET") },
  EmptyBody: { fault: Fault.EmptyBody(), expected: unreadable },
  WrongContentType: { fault: Fault.WrongContentType(), expected: unusable(html) },
  MalformedJson: { fault: Fault.MalformedJson(), expected: unusable(json) },
  HugeBody: {
    fault: Fault.HugeBody({ bytes: 100_000, contentLength: true }),
    bound: { maxResponseBytes: 50_000 },
    expected: { _tag: "ResponseTooLargeError", ...common, limit: 50_000, ...plainIds }
  },
  Redirect: {
    fault: Fault.Redirect({ status: 307, location: "https://elsewhere.example/v1?key=1" }),
    expected: { _tag: "RedirectError", ...common, status: 307, location: "https://elsewhere.example" }
  },
  ResetMidStream: { fault: Fault.ResetMidStream({ afterEvents: 0 }), expected: lost("ECONNRESET") },
  StallMidStream: {
    fault: Fault.StallMidStream({ afterEvents: 0 }),
    bound: total,
    expected: { _tag: "TotalTimeoutError", ...common }
  },
  SlowEvents: { fault: Fault.SlowEvents({ interval: 20 }), expected: "answer" },
  TruncatedStream: { fault: Fault.TruncatedStream({ afterEvents: 0 }), expected: unreadable },
  KeepAlive: {
    fault: Fault.KeepAlive({ afterEvents: 1, interval: 10 }),
    bound: total,
    expected: { _tag: "TotalTimeoutError", ...common }
  },
  HugeEvent: {
    fault: Fault.HugeEvent({ afterEvents: 0, bytes: 1_000 }),
    // The event is a chunk, so what follows it is not read as the response.
    expected: { ...unreadable, partial: { content: "a".repeat(810), reasoning_content: "", tool_calls: [] } }
  },
  CorruptEvent: { fault: Fault.CorruptEvent({ afterEvents: 0 }), expected: unreadable },
  JoinedEvents: { fault: Fault.JoinedEvents({ afterEvents: 0 }), expected: unreadable },
  ErrorInStream: {
    fault: Fault.ErrorInStream({ afterEvents: 0, error: { message: "out of order", type: "server_error" } }),
    expected: { _tag: "ServerError", ...common, status: 500, ...plainIds }
  }
}

/** The content of the recorded stream after five events. */
const partial = { content: "", reasoning_content: "The user wants me", tool_calls: [] }

const broken = (code: string, more: object = { partial }) => ({
  _tag: "StreamInterruptedError",
  ...common,
  code,
  ...ids,
  ...more
})
const undecodable = { _tag: "StreamDecodeError", ...common, ...ids, partial }

const streamed: { readonly [Name in Fault.Fault["_tag"]]: Row } = {
  // The server has accepted the connection.
  ConnectFailure: { fault: Fault.ConnectFailure({ reason: "dns" }), expected: lost("ECONNRESET", {}) },
  ResetBeforeHeaders: { fault: Fault.ResetBeforeHeaders(), expected: lost("ECONNRESET", {}) },
  StallBeforeHeaders: {
    fault: Fault.StallBeforeHeaders(),
    bound: firstToken,
    expected: { _tag: "FirstTokenTimeoutError", ...common }
  },
  SlowHeaders: { fault: Fault.SlowHeaders({ delay: 20 }), expected: "answer" },
  ResetMidBody: { fault: Fault.ResetMidBody({ afterBytes: 100 }), expected: broken("ECONNRESET", {}) },
  StallMidBody: {
    fault: Fault.StallMidBody({ afterBytes: 100 }),
    bound: firstToken,
    expected: { _tag: "FirstTokenTimeoutError", ...common }
  },
  SlowBody: { fault: Fault.SlowBody({ delay: 20 }), expected: "answer" },
  TruncatedBody: { fault: Fault.TruncatedBody({ afterBytes: 100 }), expected: broken("UND_ERR_SOCKET", {}) },
  EmptyBody: { fault: Fault.EmptyBody(), expected: { _tag: "StreamTruncatedError", ...common, ...ids } },
  WrongContentType: { fault: Fault.WrongContentType(), expected: unusable(html) },
  MalformedJson: { fault: Fault.MalformedJson(), expected: unusable(json) },
  HugeBody: {
    fault: Fault.HugeBody({ bytes: 100_000, contentLength: true }),
    expected: "answer"
  },
  Redirect: plain.Redirect,
  ResetMidStream: { fault: Fault.ResetMidStream({ afterEvents: 5 }), expected: broken("ECONNRESET") },
  StallMidStream: {
    fault: Fault.StallMidStream({ afterEvents: 5 }),
    bound: idle,
    expected: { _tag: "IdleTimeoutError", ...common, ...ids, partial }
  },
  SlowEvents: { fault: Fault.SlowEvents({ interval: 1 }), expected: "answer" },
  TruncatedStream: {
    fault: Fault.TruncatedStream({ afterEvents: 5 }),
    expected: { _tag: "StreamTruncatedError", ...common, ...ids, partial }
  },
  KeepAlive: {
    fault: Fault.KeepAlive({ afterEvents: 5, interval: 5 }),
    bound: idle,
    expected: { _tag: "IdleTimeoutError", ...common, ...ids, partial }
  },
  HugeEvent: {
    fault: Fault.HugeEvent({ afterEvents: 5, bytes: 20_000 }),
    bound: { maxEventBytes: 10_000 },
    expected: { _tag: "EventTooLargeError", ...common, limit: 10_000, ...ids, partial }
  },
  CorruptEvent: { fault: Fault.CorruptEvent({ afterEvents: 5 }), expected: undecodable },
  JoinedEvents: { fault: Fault.JoinedEvents({ afterEvents: 5 }), expected: undecodable },
  ErrorInStream: {
    fault: Fault.ErrorInStream({ afterEvents: 5, error: { message: "out of order", type: "server_error" } }),
    expected: { _tag: "ServerError", ...common, status: 500, ...ids, partial }
  }
}

type Http = "undici" | "fetch"

const stalls = /^(?:Stall|KeepAlive)/

const rowTest = (http: Http, mode: Mode, name: string, { bound, expected, fault }: Row) =>
  it.live(`${name}: ${expected === "answer" ? "the response" : expected["_tag"]}, then the next call succeeds`, () =>
    withKimi(
      (client, server) =>
        Effect.gen(function* () {
          yield* server.reply(Reply.faulty(fault))
          assert.deepStrictEqual(yield* outcome(client, mode), expected)
          if (stalls.test(name)) yield* server.awaitAborted(1)
          yield* call(client, "chat")
        }),
      { http, ...(bound === undefined ? {} : { client: bound }) }
    )
  )

for (const http of ["undici", "fetch"] as const) {
  describe(`the outcome of a chat over ${http} for`, () => {
    for (const [name, row] of Object.entries(plain)) rowTest(http, "chat", name, row)
  })

  describe(`the outcome of a stream over ${http} for`, () => {
    for (const [name, row] of Object.entries(streamed)) rowTest(http, "stream", name, row)
  })
}

describe("an error object instead of a response", () => {
  const limited = { error: { message: "request reached organization max RPM: 3", type: "rate_limit_reached_error" } }
  const unknown = { error: { message: "out of order" } }
  const failed = { ...common, status: 200, ...json, ...ids }

  for (const mode of ["chat", "stream"] as const) {
    it.live(`with status 200 becomes the error of its type: ${mode}`, () =>
      withKimi((client, server) =>
        Effect.gen(function* () {
          yield* server.reply(Reply.json(limited), Reply.json(unknown))
          const expected = { _tag: "RateLimitError", ...common, status: 429, limit: 3, ...ids }
          assert.deepStrictEqual(yield* outcome(client, mode), expected)
          assert.deepStrictEqual(yield* outcome(client, mode), { _tag: "InvalidResponseError", ...failed })
        })
      )
    )
  }

  it.live("without a type inside a stream becomes StreamFailedError", () =>
    withKimi((client, server) =>
      Effect.gen(function* () {
        yield* server.reply(Reply.faulty(Fault.ErrorInStream({ afterEvents: 5, error: { message: "x", type: "odd" } })))
        const expected = { _tag: "StreamFailedError", ...common, type: "odd", ...ids, partial }
        assert.deepStrictEqual(yield* outcome(client, "stream"), expected)
      })
    )
  )
})

describe("a stream that fails", () => {
  it.live("keeps incomplete tool calls as partial content", () =>
    withKimi((client, server) =>
      Effect.gen(function* () {
        const tools = [{ type: "function" as const, function: { name: "get_weather", parameters: { type: "object" } } }]
        const args = '{"location":"Paris"}'
        const says = { content: "Let me look.", tool_calls: [{ name: "get_weather", arguments: args }] }
        yield* server.reply(Reply.chatResponse(says, { fault: Fault.TruncatedStream({ afterEvents: 6 }) }))
        const { partial: kept } = yield* Effect.flip(call(client, "stream", { ...hello, tools }))
        assert.strictEqual(kept?.content, "Let me look.")
        assert.strictEqual(kept?.tool_calls[0]?.name, "get_weather")
        assert.isTrue(args.startsWith(kept?.tool_calls[0]?.arguments ?? "none"))
      })
    )
  )
})
