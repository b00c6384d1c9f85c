/** Replies that a server cannot send. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit } from "effect"
import * as Fault from "../../src/Fault.ts"
import * as MockServer from "../../src/node/MockServer.ts"
import * as Reply from "../../src/Reply.ts"
import { chat } from "./support/RawClient.ts"

/** The response to a chat request. */
const ask = ({ url }: MockServer.MockServer["Service"]) => chat(url)

const untyped = (value: unknown) => value as string

const circular: { self?: unknown } = {}
circular.self = circular

/** Replies that Node, or the decoder of a client, cannot send or read, by the member that is wrong. */
const unsendable: ReadonlyArray<readonly [member: string, name: string, reply: unknown]> = [
  ...(["700", 99, 101, 600, 200.5, Number.NaN, {}] as ReadonlyArray<unknown>).map(
    (status) => ["status", String(status), Reply.json({}, { status: status as number })] as const
  ),
  ["status", "a text response", Reply.body("", { status: 0.5 })],
  ["status", "an object", { _tag: "Json", headers: {}, body: {} }],
  ['headers["x-count"]', "a number", Reply.json({}, { headers: { "x-count": 5 as never } })],
  ['headers["x-line"]', "two lines", Reply.json({}, { headers: { "x-line": "a\r\nb" } })],
  ['headers["x-text"]', "an em dash", Reply.text("Hello!", { headers: { "x-text": "a — b" } })],
  ['headers["x y"]', "a name with a space", Reply.sse([], { headers: { "x y": "a" } })],
  ['headers[""]', "an empty name", Reply.body("", { headers: { "": "a" } })],
  ["headers", "null", { _tag: "Json", status: 200, headers: null, body: {} }],
  ["body", "a BigInt", Reply.json({ count: 5n } as never)],
  ["body", "a circle", Reply.json(circular as never)],
  ["body", "undefined", Reply.json(undefined as never)],
  ["body", "a number as a text", Reply.body(5 as never)],
  ["events", "numbers", { ...Reply.sse([]), events: [5] }],
  ["chunking", "a number", Reply.text("Hello!", { chunking: 5 as never })],
  ["chunking", "no number of events", Reply.text("Hello!", { chunking: { events: Number.NaN } })],
  ["timing.firstToken", "a negative time", Reply.text("Hello!", { timing: { firstToken: "-5 seconds" } })],
  ["timing.between", "no time", Reply.text("Hello!", { timing: { between: "soon" as never } })],
  ["timing.tokensPerSecond", "zero", Reply.text("Hello!", { timing: { tokensPerSecond: 0 } })],
  ["fault", "a text", Reply.text("Hello!", { fault: "ResetBeforeHeaders" as never })],
  ["fault.delay", "not a number", Reply.faulty(Fault.SlowHeaders({ delay: Number.NaN }))],
  ["fault.delay", "a negative time", Reply.faulty(Fault.SlowBody({ delay: -5 }))],
  ["fault.delay", "a time without end", Reply.faulty(Fault.SlowHeaders({ delay: Number.POSITIVE_INFINITY }))],
  ["fault.interval", "a text", Reply.faulty(Fault.SlowEvents({ interval: "soon" as never }))],
  ["fault.afterBytes", "not a number", Reply.faulty(Fault.ResetMidBody({ afterBytes: Number.NaN }))],
  ["fault.status", "0", Reply.faulty(Fault.Redirect({ status: 0, location: "/" }))],
  ["fault.location", "two lines", Reply.faulty(Fault.Redirect({ status: 302, location: "/\n" }))],
  ["fault.error", "a BigInt", Reply.faulty(Fault.ErrorInStream({ afterEvents: 0, error: 5n as never }))]
]

describe("a server", () => {
  for (const [member, name, reply] of unsendable) {
    it.live(`refuses a reply whose ${member} is ${name} where it is given`, () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        const exit = yield* Effect.exit(server.reply(untyped(reply)))
        const message = Exit.isFailure(exit) ? (Cause.squash(exit.cause) as Error).message : ""
        assert.isTrue(message.startsWith(`MockServer: ${member} of a reply must be `), message)
      }).pipe(Effect.scoped)
    )

    it.live(`answers 500 when a function returns a reply whose ${member} is ${name}`, () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        yield* server.replyAlways(() => untyped(reply))
        const { status, text } = yield* ask(server)
        assert.strictEqual(status, 500)
        assert.include(JSON.parse(text).error.message, `returned a reply whose ${member} must be `)
      }).pipe(Effect.scoped)
    )
  }

  const throwing = {
    _tag: "Json",
    status: 200,
    headers: {},
    get body() {
      throw new Error("no body")
    }
  }

  it.live("answers 500 when a reply throws while it is read", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      yield* server.replyAlways(() => untyped(throwing))
      const { status, text } = yield* ask(server)
      assert.deepStrictEqual([status, text.includes("no body")], [500, true])
    }).pipe(Effect.scoped)
  )

  it.live("answers 500 when a completion cannot be made", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      yield* server.reply(untyped({ ...Reply.text("Hello!"), body: circular }))
      const { status, text } = yield* ask(server)
      assert.strictEqual(status, 500)
      assert.include(JSON.parse(text).error.message, "the reply cannot be made: TypeError: Converting circular")
    }).pipe(Effect.scoped)
  )

  it.live("answers 500 when Node refuses a header", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make({ cors: true })
      yield* server.reply(Reply.json({}, { headers: { trailer: "x-end" } }))
      const { status, text } = yield* ask(server)
      assert.deepStrictEqual([status, text.includes("the response cannot be sent")], [500, true])
    }).pipe(Effect.scoped)
  )
})
