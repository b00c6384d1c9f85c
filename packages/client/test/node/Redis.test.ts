import { assert, describe, it } from "@effect/vitest"
import * as Core from "@kimi-effect/core/Redis"
import { Config, ConfigProvider, Context, Duration, Effect, Layer, Redacted, Schedule } from "effect"
import * as Redis from "../../src/node/Redis.ts"
import { selfSigned } from "./support/certificate.ts"
import { namesOf, untyped } from "./support/options.ts"
import { connect, hasServer, privateRedis, reachable, uniquePrefix, urlOf } from "./support/redis.ts"

describe("Redis.layer", () => {
  const url = "redis://127.0.0.1:1"
  const unusable: ReadonlyArray<readonly [what: string, options: Redis.ConnectionOptions, name: string]> = [
    ["an address without a scheme", { url: "localhost:6379" }, "url"],
    ["the address of a web server", { url: "http://localhost" }, "url"],
    ["an address with a space", { url: "redis://a b" }, "url"],
    ["an address with a query", { url: "redis://host?db=1" }, "url"],
    ["a database that is no number in an address", { url: "redis://host/first" }, "url"],
    ["a malformed password in an address", { url: "redis://:%zz@host" }, "url"],
    ["no address", { url: untyped("null") }, "url"],
    ["a negative database", { url, database: -1 }, "database"],
    ["a password that is not redacted", { url, password: untyped('"secret"') }, "password"],
    ["an empty password", { url, password: Redacted.make("") }, "password"],
    ["a user without a password", { url, username: "kimi" }, "username"],
    ["a user in an address without a password", { url: "redis://kimi@host" }, "username"],
    ["authorities without TLS", { url, ca: selfSigned().cert }, "url"],
    ["authorities that are no certificate", { url: "rediss://host", ca: "secret" }, "ca"],
    ["an empty server name", { url: "rediss://host", serverName: "" }, "serverName"],
    ["a timeout that bounds nothing", { url, timeout: Duration.infinity }, "timeout"],
    ["a connect timeout that bounds nothing", { url, connectTimeout: Duration.infinity }, "connectTimeout"],
    ["a close timeout that bounds nothing", { url, closeTimeout: Duration.infinity }, "closeTimeout"],
    ["a reply limit over that of Redis", { url, maxReplyBytes: 2 ** 30 }, "maxReplyBytes"]
  ]
  for (const [what, options, name] of unusable) {
    it.effect(`refuses ${what}`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* namesOf(Redis.layer(options)), [`Redis ${name}`])
      })
    )
  }
})

describe.skipIf(!reachable)("Redis.layer on a server", () => {
  it.live("provides the service of core", () =>
    Effect.gen(function* () {
      const services = yield* Layer.build(Redis.layer({ url: urlOf() }))
      assert.strictEqual(yield* Context.get(services, Core.Redis).send("ECHO", "✓"), "✓")
    })
  )

  it.live("reads its address from the configuration", () =>
    Effect.gen(function* () {
      const provider = ConfigProvider.layer(ConfigProvider.fromEnvRecord({ REDIS_URL: urlOf() }))
      const layer = Redis.layerConfig({ url: Config.Redacted("REDIS_URL") })
      const services = yield* Layer.build(Layer.provide(layer, provider))
      assert.strictEqual(yield* Context.get(services, Core.Redis).send("PING"), "PONG")
    })
  )

  const failedCommand = Effect.flatMap(connect(), (redis) =>
    Effect.flip(redis.send("INCRBY", uniquePrefix(), "secret"))
  )

  it.live("fails with the error code of Redis", () =>
    Effect.gen(function* () {
      const error = yield* failedCommand
      assert.deepInclude({ ...error }, { operation: "INCRBY", reason: "ERR" })
    })
  )

  it.live("does not include values in the error message", () =>
    Effect.gen(function* () {
      const error = yield* failedCommand
      assert.notInclude(error.message, "secret")
    })
  )

  it.live("uses the database of its address", () =>
    Effect.gen(function* () {
      const redis = yield* Redis.connect({ url: `${urlOf()}/9` })
      assert.include(yield* redis.send<string>("CLIENT", "INFO"), " db=9 ")
    })
  )

  it.live("runs a script again after the server has dropped it", () =>
    Effect.gen(function* () {
      const redis = yield* connect()
      const script: Core.Script = { name: "joined", lua: `return KEYS[1] .. ARGV[1] .. ARGV[2] -- ${uniquePrefix()}` }
      assert.strictEqual(yield* redis.run(script, ["a"], ["b", 3]), "ab3")
      const other = yield* connect()
      yield* other.send("SCRIPT", "FLUSH", "SYNC")
      assert.strictEqual(yield* redis.run(script, ["x"], ["y", 4]), "xy4")
    })
  )
})

describe.skipIf(!hasServer)("Redis.layer on a server that restarts", () => {
  it.live("runs a script again", () =>
    Effect.gen(function* () {
      const server = yield* privateRedis
      const redis = yield* Redis.connect({ url: urlOf(server.port) })
      const script: Core.Script = { name: "echo", lua: "return ARGV[1]" }
      assert.strictEqual(yield* redis.run(script, [], ["before"]), "before")
      yield* server.kill
      yield* server.restart
      const again = Effect.retry(redis.run(script, [], ["after"]), { schedule: Schedule.spaced("5 millis") })
      assert.strictEqual(yield* again, "after")
    })
  )

  it.live("reconnects without a command", () =>
    Effect.gen(function* () {
      const server = yield* privateRedis
      const redis = yield* Redis.connect({ url: urlOf(server.port) })
      const state = Effect.map(redis.status ?? Effect.die("no status"), ({ state }) => state)
      yield* redis.send("PING")
      yield* server.kill
      yield* Effect.repeat(state, { until: (now) => now === "disconnected", schedule: Schedule.spaced("1 millis") })
      yield* server.restart
      yield* Effect.repeat(state, { until: (now) => now === "connected", schedule: Schedule.spaced("1 millis") })
      assert.strictEqual(yield* redis.send("PING"), "PONG")
    })
  )
})

describe.skipIf(!hasServer)("Redis.layer on a server that hangs", () => {
  it.live("fails a command after its timeout", () =>
    Effect.gen(function* () {
      const server = yield* privateRedis
      const redis = yield* Redis.connect({ url: urlOf(server.port), timeout: "50 millis" })
      yield* server.pause
      const error = yield* Effect.flip(redis.send("PING"))
      assert.deepInclude({ ...error }, { operation: "PING", reason: "timeout" })
    })
  )

  it.live("closes although commands have no reply", () =>
    Effect.gen(function* () {
      const server = yield* privateRedis
      yield* Effect.scoped(
        Effect.gen(function* () {
          const redis = yield* Redis.connect({ url: urlOf(server.port), timeout: "50 millis" })
          yield* server.pause
          yield* Effect.ignore(redis.send("PING"))
        })
      )
    })
  )
})
