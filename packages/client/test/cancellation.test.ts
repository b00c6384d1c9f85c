/** Calls that are interrupted: their connections are closed, and nothing is leaked. */
import { assert, describe, it } from "@effect/vitest"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import { Fault, Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import { Deferred, Effect, Fiber, Random, Stream } from "effect"
import { type Client, connect, hello, type Server, withKimi } from "./node/support/kimi.ts"
import * as Probes from "./node/support/probes.ts"
import { runs, seedOf, timeLimit } from "../../../test/support/depth.ts"

for (const http of ["undici", "fetch"] as const) {
  describe(`the connection of an interrupted call over ${http}`, () => {
    const interruptAfterRequest = (fault: Fault.Fault, run: (client: Client) => Effect.Effect<unknown, unknown>) =>
      withKimi(
        (client, server) =>
          Effect.gen(function* () {
            yield* server.reply(Reply.faulty(fault))
            const fiber = yield* Effect.forkChild(run(client))
            yield* server.awaitRequests(1)
            // Read as much of the response as arrives in that time.
            for (let passed = 0; passed < 20; passed++) yield* Probes.turn
            yield* Fiber.interrupt(fiber)
            yield* server.awaitAborted(1)
            yield* client.chat(hello)
            assert.strictEqual(yield* server.aborted, 1)
          }),
        { http }
      )

    it.live("is closed at the host: chat before the headers", () =>
      interruptAfterRequest(Fault.StallBeforeHeaders(), (client) => client.chat(hello))
    )

    it.live("is closed at the host: chat in the middle of the body", () =>
      interruptAfterRequest(Fault.StallMidBody({ afterBytes: 100 }), (client) => client.chat(hello))
    )

    it.live("is closed at the host: models", () =>
      withKimi(
        (client, server) =>
          Effect.gen(function* () {
            yield* server.replyAt("GET /v1/models", Reply.faulty(Fault.StallBeforeHeaders()))
            const fiber = yield* Effect.forkChild(client.models)
            yield* server.awaitRequests(1)
            yield* Fiber.interrupt(fiber)
            yield* server.awaitAborted(1)
          }),
        { http }
      )
    )

    it.live("is closed at the host: a stream before the headers", () =>
      interruptAfterRequest(Fault.StallBeforeHeaders(), (client) => Stream.runDrain(client.stream(hello)))
    )

    it.live("is closed at the host: a stream before the first event", () =>
      interruptAfterRequest(Fault.StallMidStream({ afterEvents: 0 }), (client) => Stream.runDrain(client.stream(hello)))
    )

    it.live("is closed at the host: a stream that is being read", () =>
      withKimi(
        (client, server) =>
          Effect.gen(function* () {
            yield* server.reply(Reply.faulty(Fault.StallMidStream({ afterEvents: 5 })))
            const first = yield* Deferred.make<void>()
            const events = Stream.tap(client.stream(hello), () => Deferred.succeed(first, undefined))
            const fiber = yield* Effect.forkChild(Stream.runDrain(events))
            yield* Deferred.await(first)
            yield* Fiber.interrupt(fiber)
            yield* server.awaitAborted(1)
          }),
        { http }
      )
    )

    it.live("is closed at the host: a stream whose consumer ends or fails", () =>
      withKimi(
        (client, server) =>
          Effect.gen(function* () {
            yield* server.replyAlways(Reply.faulty(Fault.StallMidStream({ afterEvents: 5 })))
            assert.strictEqual((yield* Stream.runCollect(Stream.take(client.stream(hello), 3))).length, 3)
            yield* server.awaitAborted(1)
            const failing = Stream.mapEffect(client.stream(hello), () => Effect.fail("enough"))
            assert.strictEqual(yield* Effect.flip(Stream.runDrain(failing)), "enough")
            yield* server.awaitAborted(2)
          }),
        { http }
      )
    )

    it.live("is closed at the host: calls that run when the layer is released", () =>
      withKimi((_, server) =>
        Effect.gen(function* () {
          yield* server.replyAlways(Reply.faulty(Fault.StallBeforeHeaders()))
          yield* Effect.scoped(
            Effect.gen(function* () {
              const client = yield* connect(server, {}, http)
              yield* Effect.forkScoped(client.chat(hello))
              yield* server.awaitRequests(1)
            })
          )
          yield* server.awaitAborted(1)
        })
      )
    )
  })
}

describe("a call that waits for a connection", () => {
  it.live("is not sent after it was interrupted", () =>
    withKimi(
      (client, server) =>
        Effect.gen(function* () {
          const sockets = yield* Probes.sockets
          yield* server.reply(Reply.faulty(Fault.SlowHeaders({ delay: 30 })))
          const first = yield* Effect.forkChild(client.chat(hello))
          yield* server.awaitRequests(1)
          const waiting = yield* Effect.forkChild(
            Effect.all([client.chat(hello), Stream.runDrain(client.stream(hello))], { concurrency: 2 })
          )
          yield* Probes.turn
          yield* Fiber.interrupt(waiting)
          yield* Fiber.join(first)
          yield* client.chat(hello)
          assert.strictEqual((yield* server.requests).length, 2)
          assert.strictEqual(sockets.made(), 1)
        }),
      { client: { maxConnections: 1 } }
    )
  )
})

describe("interrupted streams", () => {
  const maxConnections = 16
  const warmUp = 1_000
  const rest = runs({ sample: 3_000, deep: 9_000 })
  /**
   * A leaked request, response or fiber takes several times as much. Node 22 keeps up to 430 bytes for each of the
   * first 3,000 streams, and none after 30,000: code that it drops later. Node 26 keeps up to 160.
   */
  const bytesPerStream = 500

  const faults = {
    "before the headers": Fault.StallBeforeHeaders(),
    "before the first event": Fault.StallMidStream({ afterEvents: 0 }),
    "after the first event": Fault.StallMidStream({ afterEvents: 5 }),
    "by take": undefined,
    anywhere: undefined
  } as const
  type Kind = keyof typeof faults
  const kinds = [
    "before the headers",
    "before the first event",
    "after the first event",
    "by take",
    "anywhere"
  ] as const

  const replies = new Map<string, Reply.Reply>(
    Object.entries(faults).map(([kind, fault]) => [
      kind,
      fault === undefined ? Reply.defaultReply : Reply.faulty(fault)
    ])
  )
  const asks = (kind: Kind) => ({
    messages: [{ role: "user" as const, content: "Hello world!" }],
    safety_identifier: kind
  })
  const kindOf = (json: unknown) => (json as { readonly safety_identifier: string }).safety_identifier

  /** Starts a stream and interrupts it at a random point. */
  const leave = Effect.fnUntraced(function* (client: Client, kind: Kind) {
    const stream = client.stream(asks(kind))
    if (kind === "by take") {
      return yield* Stream.runDrain(Stream.take(stream, yield* Random.nextIntBetween(1, 10)))
    }
    const first = yield* Deferred.make<void>()
    const fiber = yield* Effect.forkChild(Stream.runForEach(stream, () => Deferred.succeed(first, undefined)))
    if (kind === "after the first event") yield* Deferred.await(first)
    const turns = yield* Random.nextIntBetween(0, 20)
    for (let passed = 0; passed < turns; passed++) yield* Probes.turn
    yield* Fiber.interrupt(fiber)
  })

  const leaveMany = (client: Client, count: number) =>
    Effect.forEach(
      Array.from({ length: count }, (_, index) => kinds[index % kinds.length] ?? "anywhere"),
      (kind) => leave(client, kind),
      { concurrency: 32, discard: true }
    )

  const program = Effect.fnUntraced(function* (server: Server) {
    const sockets = yield* Probes.sockets
    const agent = yield* Probes.nextAgent
    // With all stages, as in a program.
    const client = yield* connect(server, { maxConnections, maxAttempts: 4 }, "undici", CircuitBreaker.layer())
    yield* client.chat(hello)
    const listenersBefore = Probes.listeners(agent())
    assert.isDefined(agent())

    yield* leaveMany(client, warmUp)
    const heapBefore = yield* Probes.heap
    yield* leaveMany(client, rest)
    const grown = (yield* Probes.heap) - heapBefore

    assert.isAtMost(grown / rest, bytesPerStream, "bytes that stay behind for each stream")
    assert.deepStrictEqual(Probes.listeners(agent()), listenersBefore)
    assert.isAtMost(sockets.peak(), maxConnections)
    assert.isAtMost(sockets.open(), maxConnections)
    yield* client.chat(hello)
    return sockets
  })

  it.live(
    "leak no socket, listener or memory",
    () =>
      Effect.scoped(
        Effect.gen(function* () {
          const server = yield* MockServer.make({ maxRecordedRequests: 1 })
          yield* server.replyAlways((request) => replies.get(kindOf(request.json)) ?? Reply.defaultReply)
          const warnings: Array<string> = []
          const onWarning = (warning: Error): void => void warnings.push(warning.message)
          yield* Effect.acquireRelease(
            Effect.sync(() => process.on("warning", onWarning)),
            () => Effect.sync(() => process.off("warning", onWarning))
          )
          yield* Effect.scoped(program(server))
          yield* server.awaitOpenConnections(0)
          assert.deepStrictEqual(warnings, [])
        })
      ).pipe(Random.withSeed(seedOf("cancellation"))),
    timeLimit(120_000)
  )
})
