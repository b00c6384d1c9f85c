/** Connections to servers that behave as each test says. Time is that of a `TestClock`, sockets are real. */
import { assert, describe, it } from "@effect/vitest"
import type { RedisError } from "@kimi-effect/core/Redis"
import { Duration, Effect, Exit, Fiber, Logger, Redacted, References, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as Redis from "../../../../src/node/Redis.ts"
import { selfSigned } from "../../support/certificate.ts"
import { afterPing, type Behaviour, closedPort, fakeRedis, failures } from "../../support/fakeRedis.ts"

const hanging: Behaviour = {}
const echo = afterPing(({ reply }, [, argument = ""]) => reply(`+${argument}\r\n`))

const fork = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

const stateOf = (redis: Redis.Redis["Service"]) =>
  Effect.map(redis.status ?? Effect.die("no status"), ({ state }) => state)

/** A turn of the event loop for each socket of the process. */
const turn = Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))

const untilState = (redis: Redis.Redis["Service"], state: Redis.Status["state"]) =>
  Effect.repeat(Effect.andThen(turn, stateOf(redis)), { until: (now) => now === state })

describe("a connection to Redis", () => {
  it.effect("is not opened before the first command", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(echo)
      const redis = yield* Redis.connect({ url: server.url })
      assert.strictEqual(yield* stateOf(redis), "idle")
      yield* redis.send("ECHO", "a")
      assert.lengthOf(server.peers, 1)
    })
  )

  it.effect("is shared by commands that begin before it is open", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(echo)
      const redis = yield* Redis.connect({ url: server.url })
      const commands = ["a", "b", "c"].map((text) => redis.send("ECHO", text))
      assert.deepStrictEqual(yield* Effect.all(commands, { concurrency: "unbounded" }), ["a", "b", "c"])
      assert.lengthOf(server.peers, 1)
    })
  )

  it.effect("begins with credentials, then the database", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis({ onCommand: ({ reply }) => reply("+OK\r\n") })
      const url = server.url.replace("//", "//other:unused@")
      const credentials = { username: "kimi", password: Redacted.make("p@ss"), database: 3 }
      const redis = yield* Redis.connect({ url: `${url}/9`, ...credentials })
      yield* redis.send("GET", "a")
      assert.deepStrictEqual(server.commands(), [
        ["AUTH", "kimi", "p@ss"],
        ["SELECT", "3"],
        ["GET", "a"]
      ])
    })
  )

  it.effect("takes user, password and database from its address", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis({ onCommand: ({ reply }) => reply("+OK\r\n") })
      const redis = yield* Redis.connect({ url: `${server.url.replace("//", "//kimi:p%40ss@")}/3` })
      yield* redis.send("GET", "a")
      assert.deepStrictEqual(server.commands().slice(0, 2), [
        ["AUTH", "kimi", "p@ss"],
        ["SELECT", "3"]
      ])
    })
  )

  it.effect("can be used by a user who may not run PING", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis({
        onCommand: ({ reply }, [name]) => reply(name === "PING" ? "-NOPERM no permissions\r\n" : "+OK\r\n")
      })
      const redis = yield* Redis.connect({ url: server.url })
      assert.strictEqual(yield* redis.send("GET", "a"), "OK")
    })
  )

  it.effect("has no password in an error when the server repeats it", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis({
        onCommand: ({ reply }, command) => reply(`-ERR unknown command ${command.join(" ")}\r\n`)
      })
      const redis = yield* Redis.connect({ url: server.url, password: Redacted.make("canary-password") })
      const error = yield* Effect.flip(redis.send("GET", "a"))
      assert.strictEqual(error.message, "Redis could not run GET: ERR")
      assert.notInclude(`${JSON.stringify(error)} ${String(error.cause)}`, "canary")
    })
  )

  it.effect("has no password in its status", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(failures["refuses the password"] ?? hanging)
      const redis = yield* Redis.connect({ url: server.url, password: Redacted.make("canary-password") })
      yield* Effect.flip(redis.send("GET", "a"))
      const status = yield* redis.status ?? Effect.die("no status")
      assert.deepInclude({ ...status.lastError }, { reason: "WRONGPASS" })
      assert.notInclude(JSON.stringify(status), "canary")
    })
  )
})

describe("a connection to Redis with TLS", () => {
  const certificate = selfSigned()

  it.effect("trusts the given authorities", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(echo, { certificate })
      const redis = yield* Redis.connect({ url: server.url, ca: certificate.cert })
      assert.strictEqual(yield* redis.send("ECHO", "a"), "a")
    })
  )

  it.effect("refuses other authorities", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(echo, { certificate })
      const redis = yield* Redis.connect({ url: server.url })
      const { reason } = yield* Effect.flip(redis.send("ECHO", "a"))
      assert.strictEqual(reason, "DEPTH_ZERO_SELF_SIGNED_CERT")
    })
  )

  it.effect("refuses a certificate with another name", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(echo, { certificate })
      const redis = yield* Redis.connect({ url: server.url, ca: certificate.cert, serverName: "redis.example" })
      const { reason } = yield* Effect.flip(redis.send("ECHO", "a"))
      assert.strictEqual(reason, "ERR_TLS_CERT_ALTNAME_INVALID")
    })
  )
})

describe("an interrupted command", () => {
  /** A server that replies when the test says so. */
  const held = () => {
    const replies: Array<() => void> = []
    return {
      replies,
      behaviour: afterPing(({ reply }, [, argument = ""]) => void replies.push(() => reply(`+${argument}\r\n`)))
    }
  }

  it.effect("leaves its reply to no other command", () =>
    Effect.gen(function* () {
      const { behaviour, replies } = held()
      const server = yield* fakeRedis(behaviour)
      const redis = yield* Redis.connect({ url: server.url })
      const first = yield* fork(redis.send("ECHO", "first"))
      yield* server.until(() => replies.length === 1)
      yield* Fiber.interrupt(first)
      const second = yield* fork(redis.send("ECHO", "second"))
      yield* server.until(() => replies.length === 2)
      for (const reply of replies) reply()
      assert.strictEqual(yield* Fiber.join(second), "second")
      assert.lengthOf(server.peers, 1)
    })
  )

  it.effect("leaves its reply to no other command after a timeout", () =>
    Effect.gen(function* () {
      const { behaviour, replies } = held()
      const server = yield* fakeRedis(behaviour)
      const redis = yield* Redis.connect({ url: server.url })
      const first = yield* fork(Effect.timeoutOption(redis.send("ECHO", "first"), "1 second"))
      yield* server.until(() => replies.length === 1)
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(first)
      const second = yield* fork(redis.send("ECHO", "second"))
      yield* server.until(() => replies.length === 2)
      for (const reply of replies) reply()
      assert.strictEqual(yield* Fiber.join(second), "second")
    })
  )

  it.effect("is never sent when it was interrupted before the connection was open", () =>
    Effect.gen(function* () {
      let answer = (): void => assert.fail("no PING")
      const server = yield* fakeRedis({
        onCommand: ({ reply }, [name, argument = ""]) => {
          if (name === "PING") answer = () => reply("+PONG\r\n")
          else reply(`+${argument}\r\n`)
        }
      })
      const redis = yield* Redis.connect({ url: server.url })
      const first = yield* fork(redis.send("ECHO", "first"))
      yield* server.until(() => server.peers[0]?.commands.length === 1)
      yield* Fiber.interrupt(first)
      const second = yield* fork(redis.send("ECHO", "second"))
      answer()
      yield* Fiber.join(second)
      assert.deepStrictEqual(server.commands(), [["ECHO", "second"]])
    })
  )
})

describe("a server that does not reply", () => {
  it.effect("fails the first command exactly after the connect timeout", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(hanging)
      const redis = yield* Redis.connect({ url: server.url, connectTimeout: "3 seconds" })
      const fiber = yield* fork(Effect.flip(redis.send("GET", "a")))
      yield* server.until(() => server.peers[0]?.commands.length === 1)
      yield* TestClock.adjust(2_999)
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* Fiber.join(fiber)).reason, "connectTimeout")
    })
  )

  it.effect("is disconnected from after the connect timeout", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(hanging)
      const redis = yield* Redis.connect({ url: server.url, connectTimeout: "3 seconds" })
      yield* fork(Effect.flip(redis.send("GET", "a")))
      yield* server.until(() => server.peers[0]?.commands.length === 1)
      yield* TestClock.adjust(3_000)
      yield* server.until(() => server.peers[0]?.isClosed === true)
    })
  )

  it.effect("bounds a handshake of TLS that does not begin", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis({ onConnect: ({ socket }) => void socket.removeAllListeners("data") })
      const redis = yield* Redis.connect({ url: server.url.replace("redis:", "rediss:"), connectTimeout: "3 seconds" })
      const fiber = yield* fork(Effect.flip(redis.send("GET", "a")))
      yield* server.until(() => server.peers.length === 1)
      yield* TestClock.adjust(3_000)
      assert.strictEqual((yield* Fiber.join(fiber)).reason, "connectTimeout")
    })
  )

  it.effect("gets another connection when a command has waited for its timeout", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(
        afterPing((peer, [, argument = ""]) => {
          if (peer !== server.peers[0] || peer.commands.length === 2) peer.reply(`+${argument}\r\n`)
        })
      )
      const redis = yield* Redis.connect({ url: server.url, timeout: "3 seconds" })
      assert.strictEqual(yield* redis.send("ECHO", "first"), "first")
      const second = yield* fork(Effect.flip(redis.send("ECHO", "second")))
      yield* server.until(() => server.commands().length === 2)
      yield* TestClock.adjust(3_000)
      assert.strictEqual((yield* Fiber.join(second)).reason, "timeout")
      assert.strictEqual(yield* redis.send("ECHO", "third"), "third")
      yield* server.until(() => server.peers[0]?.isClosed === true)
    })
  )

  it.effect("keeps its connection for commands with a shorter timeout", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(afterPing(() => undefined))
      const redis = yield* Redis.connect({ url: server.url, timeout: "3 seconds" })
      const first = yield* fork(Effect.timeoutOption(redis.send("ECHO", "first"), "1 second"))
      yield* server.until(() => server.commands().length === 1)
      yield* TestClock.adjust(1_000)
      yield* Fiber.join(first)
      yield* fork(redis.send("ECHO", "second"))
      yield* server.until(() => server.commands().length === 2)
      assert.lengthOf(server.peers, 1)
      yield* server.drop
      yield* untilState(redis, "disconnected")
    })
  )

  it.effect("delays the end of the scope exactly by the close timeout", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(afterPing(() => undefined))
      const scope = yield* Scope.make()
      const redis = yield* Scope.provide(Redis.connect({ url: server.url, closeTimeout: "3 seconds" }), scope)
      yield* fork(Effect.exit(redis.send("GET", "a")))
      yield* server.until(() => server.commands().length === 1)
      const closing = yield* fork(Scope.close(scope, Exit.void))
      yield* TestClock.adjust(2_999)
      assert.isUndefined(closing.pollUnsafe())
      yield* TestClock.adjust(1)
      yield* Fiber.join(closing)
      yield* server.until(() => server.peers[0]?.isClosed === true)
    })
  )

  it.effect("does not delay the end of the scope while it is being connected to", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(hanging)
      const scope = yield* Scope.make()
      const redis = yield* Scope.provide(Redis.connect({ url: server.url }), scope)
      const command = yield* fork(Effect.flip(redis.send("GET", "a")))
      yield* server.until(() => server.peers[0]?.commands.length === 1)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Fiber.join(command)).reason, "closed")
      yield* server.until(() => server.peers[0]?.isClosed === true)
    })
  )
})

describe("the end of the scope", () => {
  it.effect("waits for replies", () =>
    Effect.gen(function* () {
      let answer = (): void => assert.fail("no command")
      const server = yield* fakeRedis(afterPing(({ reply }) => (answer = () => reply("+OK\r\n"))))
      const scope = yield* Scope.make()
      const redis = yield* Scope.provide(Redis.connect({ url: server.url }), scope)
      const command = yield* fork(redis.send("SET", "a", "b"))
      yield* server.until(() => server.commands().length === 1)
      const closing = yield* fork(Scope.close(scope, Exit.void))
      answer()
      yield* Fiber.join(closing)
      assert.strictEqual(yield* Fiber.join(command), "OK")
    })
  )

  it.effect("fails later commands", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(echo)
      const redis = yield* Effect.scoped(
        Effect.tap(Redis.connect({ url: server.url }), (redis) => redis.send("ECHO", "a"))
      )
      assert.strictEqual((yield* Effect.flip(redis.send("ECHO", "b"))).reason, "closed")
    })
  )
})

describe("a server that cannot be reached", () => {
  const disconnected = Effect.gen(function* () {
    const port = yield* closedPort
    const redis = yield* Redis.connect({ url: `redis://127.0.0.1:${port}` })
    const error = yield* Effect.flip(redis.send("GET", "a"))
    return { error, port, redis }
  })

  it.effect("fails the first command with the reason", () =>
    Effect.gen(function* () {
      const { error } = yield* disconnected
      assert.strictEqual(error.message, "Redis could not run GET: ECONNREFUSED")
    })
  )

  it.effect("fails later commands at once", () =>
    Effect.gen(function* () {
      const { redis } = yield* disconnected
      const fiber = yield* fork(Effect.flip(redis.send("GET", "a")))
      assert.strictEqual((yield* Fiber.join(fiber)).reason, "ECONNREFUSED")
    })
  )

  it.effect("is connected to in the background within two seconds of its start", () =>
    Effect.gen(function* () {
      const { port, redis } = yield* disconnected
      for (let attempt = 0; attempt < 12; attempt++) {
        yield* untilState(redis, "disconnected")
        yield* TestClock.adjust("2 seconds")
        yield* turn
      }
      yield* fakeRedis(echo, { port })
      yield* TestClock.adjust("2 seconds")
      yield* untilState(redis, "connected")
    })
  )

  it.effect("is tried again with growing delays", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis({ onConnect: ({ socket }) => void socket.destroy() })
      const redis = yield* Redis.connect({ url: server.url })
      yield* Effect.flip(redis.send("GET", "a"))
      for (const [attempts, delay] of [
        [2, 50],
        [3, 100],
        [4, 200],
        [5, 400],
        [6, 800],
        [7, 1_600],
        [8, 2_000],
        [9, 2_000]
      ] as const) {
        // Half of a delay is certain, and the other half is random.
        yield* turn
        yield* TestClock.adjust(Duration.millis(delay / 2 - 1))
        yield* turn
        assert.lengthOf(server.peers, attempts - 1)
        yield* TestClock.adjust(Duration.millis(delay / 2 + 1))
        yield* server.until(() => server.peers.length === attempts && server.peers.every(({ isClosed }) => isClosed))
        yield* untilState(redis, "disconnected")
        yield* turn
      }
    })
  )
})

describe("a reply that cannot be read", () => {
  const reasons: { readonly [name: string]: string } = {
    "speaks HTTP": "invalidReply",
    "sends garbage": "invalidReply",
    "nests arrays": "replyTooLarge",
    "announces two gigabytes": "replyTooLarge",
    "closes in the middle of a reply": "connectionLost",
    "has too many clients": "ERR",
    "closes at once": "connectionLost",
    "is loading": "LOADING",
    "demands a password": "NOAUTH",
    "is a replica": "READONLY",
    "is a node of a cluster": "MOVED"
  }
  for (const [name, reason] of Object.entries(reasons)) {
    it.effect(`is the error ${reason} for a server that ${name}`, () =>
      Effect.gen(function* () {
        const server = yield* fakeRedis(failures[name] ?? assert.fail("no such server"))
        const redis = yield* Redis.connect({ url: server.url })
        const error: RedisError = yield* Effect.flip(redis.send("GET", "a"))
        assert.include([reason, ...(name === "closes at once" ? ["ECONNRESET"] : [])], error.reason)
      })
    )
  }

  it.effect("fails all commands of its connection, and none of the next one", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(
        afterPing((peer, [, argument = ""]) => {
          if (peer !== server.peers[0]) return peer.reply(`+${argument}\r\n`)
          if (server.commands().length === 2) peer.reply("garbage\r\n+first\r\n")
        })
      )
      const redis = yield* Redis.connect({ url: server.url })
      const both = [redis.send("ECHO", "first"), redis.send("ECHO", "second")].map((command) => Effect.flip(command))
      const errors = yield* Effect.all(both, { concurrency: "unbounded" })
      assert.deepStrictEqual(
        errors.map(({ reason }) => reason),
        ["invalidReply", "invalidReply"]
      )
      yield* untilState(redis, "disconnected")
      yield* TestClock.adjust("50 millis")
      yield* untilState(redis, "connected")
      assert.strictEqual(yield* redis.send("ECHO", "third"), "third")
    })
  )
})

describe("limits of what is sent", () => {
  it.effect("refuse an argument that could not be read", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(echo)
      const redis = yield* Redis.connect({ url: server.url, maxReplyBytes: 1_024 })
      const error = yield* Effect.flip(redis.send("SET", "a", "x".repeat(1_025)))
      assert.strictEqual(error.reason, "commandTooLarge")
    })
  )

  it.effect("refuse more bytes than a server that does not read takes", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(afterPing(({ socket }) => void socket.pause()))
      const redis = yield* Redis.connect({ url: server.url })
      yield* fork(redis.send("SET", "a", "b"))
      yield* server.until(() => server.commands().length === 1)
      const large = "x".repeat(32 * 1_024 * 1_024)
      const fibers = yield* Effect.forEach([1, 2, 3, 4], () => fork(Effect.flip(redis.send("SET", "a", large))))
      const [last] = fibers.slice(-1)
      assert.strictEqual(last === undefined ? undefined : (yield* Fiber.join(last)).reason, "tooManyPending")
      yield* server.drop
      yield* untilState(redis, "disconnected")
    })
  )

  it.effect("refuse more commands than may wait", () =>
    Effect.gen(function* () {
      const server = yield* fakeRedis(hanging)
      const redis = yield* Redis.connect({ url: server.url })
      const all = Array.from({ length: 65_537 }, () => redis.send("GET", "a"))
      const { reason } = yield* Effect.flip(Effect.all(all, { concurrency: "unbounded", discard: true }))
      assert.strictEqual(reason, "tooManyPending")
    })
  )
})

describe("an outage", () => {
  it.effect("is logged once without credentials", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => void lines.push(String(message)))
      const port = yield* closedPort
      const url = `redis://kimi:canary-password@127.0.0.1:${port}`
      yield* Effect.gen(function* () {
        const redis = yield* Redis.connect({ url })
        yield* Effect.flip(redis.send("GET", "a"))
        yield* untilState(redis, "disconnected")
        yield* TestClock.adjust("1 second")
        yield* turn
      }).pipe(Effect.provide(Logger.layer([logger])), Effect.provideService(References.MinimumLogLevel, "Debug"))
      assert.deepStrictEqual(lines, [`Redis at 127.0.0.1:${port} is unavailable: ECONNREFUSED`])
    })
  )
})
