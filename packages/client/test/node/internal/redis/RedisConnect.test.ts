/** Credentials and TLS. Servers behave as each test defines, time is that of a `TestClock`, and sockets are real. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import * as Redis from "../../../../src/node/Redis.ts"
import { selfSigned } from "../../support/certificate.ts"
import { jumps, withWallClock } from "../../../../../../test/support/wallClock.ts"
import { fakeRedis, failures } from "../../support/fakeRedis.ts"
import { echo, hanging } from "../../support/redisConnection.ts"

describe("credentials of a connection to Redis", () => {
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

  it.effect("are taken from its address", () =>
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

  for (const [jump, millis] of jumps) {
    it.effect(`has an age of its last error that a clock set ${jump} does not change`, () =>
      withWallClock((set) =>
        Effect.gen(function* () {
          const server = yield* fakeRedis(failures["refuses the password"] ?? hanging)
          const redis = yield* Redis.connect({ url: server.url, password: Redacted.make("canary-password") })
          yield* Effect.flip(redis.send("GET", "a"))
          set(millis)
          const status = yield* redis.status ?? Effect.die("no status")
          assert.strictEqual(status.lastError?.age, 0)
        })
      )
    )
  }

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
