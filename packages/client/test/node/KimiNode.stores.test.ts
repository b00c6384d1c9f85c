/** Stores that the configuration names. */
import { writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as CacheControl from "@kimi-effect/core/CacheControl"
import { MockServer } from "@kimi-effect/testing/node"
import { Effect, Layer, Logger } from "effect"
import * as KimiNode from "../../src/node/KimiNode.ts"
import {
  connect,
  countRequests,
  environment,
  issuesOf,
  other,
  small,
  used,
  type Variables,
  variablesFor
} from "./support/configured.ts"
import { folder } from "./support/files.ts"
import type { Server } from "./support/kimi.ts"
import { connect as connectRedis, port, reachable, uniquePrefix } from "./support/redis.ts"

describe("KimiNode.layerConfig", () => {
  for (const kind of ["sqlite", "file"]) {
    it.live(`keeps responses in a store of the kind ${kind} from one client to the next`, () =>
      Effect.gen(function* () {
        const path = yield* folder
        const server = yield* MockServer.make()
        const variables = { KIMI_CACHE: `${kind}:${path}/responses` }
        yield* Effect.scoped(Effect.flatMap(connect(server, variables), (kimi) => kimi.chat(small)))
        const answer = yield* Effect.scoped(Effect.flatMap(connect(server, variables), (kimi) => kimi.chat(small)))
        assert.strictEqual(answer.cached?.level, "store")
        assert.strictEqual(yield* countRequests(server), 1)
      })
    )
  }

  const database = 9
  const url = `redis://127.0.0.1:${port}/${database}`

  /** The variables of clients with all stores on one Redis, and a connection to it. */
  const onRedis = Effect.gen(function* () {
    const redis = yield* connectRedis()
    const server = yield* MockServer.make()
    yield* server.replyAlways(used)
    const prefix = uniquePrefix()
    const variables = {
      KIMI_REDIS_KEY_PREFIX: prefix,
      KIMI_CACHE: url,
      KIMI_LIMITS: `redis:${url}`,
      KIMI_CIRCUITS: url,
      KIMI_BREAKER_WINDOW: "50 calls",
      KIMI_BUDGET: "0.003 USD",
      KIMI_BUDGET_STORE: url,
      KIMI_TIER: "1"
    }
    return { redis, server, prefix, variables }
  })

  it.live.skipIf(!reachable)("opens one Redis connection for all stores of a client", () =>
    Effect.gen(function* () {
      const { redis, server, variables } = yield* onRedis
      const count = Effect.map(
        redis.send<string>("CLIENT", "LIST"),
        (clients) => clients.split("\n").filter((line) => line.includes(` db=${database} `)).length
      )
      const kimi = yield* connect(server, variables)
      yield* kimi.chat(small)
      assert.strictEqual(yield* count, 1)
    })
  )

  it.live.skipIf(!reachable)("describes the stores on Redis without their URL", () =>
    Effect.gen(function* () {
      const { prefix, server, variables } = yield* onRedis
      const first = yield* connect(server, variables)
      assert.include(first.describe(), `shared on Redis under ${prefix}admission:`)
      assert.include(first.describe(), `shared on Redis under ${prefix}circuit:`)
      assert.include(first.describe(), "failure rate 80 % of 20 or more calls in the latest 50")
      assert.notInclude(first.describe(), url)
    })
  )

  it.live.skipIf(!reachable)("shares a budget on Redis with other clients", () =>
    Effect.gen(function* () {
      const { server, variables } = yield* onRedis
      const [first, second] = [yield* connect(server, variables), yield* connect(server, variables)]
      yield* first.chat(small)
      const refused = yield* Effect.flip(second.chat({ ...other, max_completion_tokens: 200 }))
      assert.strictEqual(refused._tag, "BudgetExceededError")
    })
  )

  /** A call of one client whose response another reads from the cache; the store is written in the background. */
  const shareResponse = Effect.fnUntraced(function* (server: Server, variables: Variables) {
    const [first, second] = [yield* connect(server, variables), yield* connect(server, variables)]
    yield* first.chat(small)
    yield* Effect.retry(CacheControl.provide({ mode: "onlyIfCached" })(second.chat(small)), { times: 500 })
  })

  it.live.skipIf(!reachable)("shares responses on Redis with other clients", () =>
    Effect.gen(function* () {
      const { server, variables } = yield* onRedis
      yield* shareResponse(server, variables)
      assert.strictEqual(yield* countRequests(server), 1)
    })
  )

  it.live.skipIf(!reachable)("keeps the data of all stores under the key prefix", () =>
    Effect.gen(function* () {
      const { prefix, redis, server, variables } = yield* onRedis
      yield* shareResponse(server, variables)
      yield* redis.send("SELECT", `${database}`)
      const keys = yield* redis.send<ReadonlyArray<string>>("KEYS", `*${prefix}*`)
      const kinds = new Set(keys.map((key) => key.slice(key.indexOf(prefix) + prefix.length).split(":")[0]))
      assert.sameMembers([...kinds], ["admission", "budget", "cache", "circuit"])
    })
  )

  for (const kind of ["sqlite", "file"]) {
    it.live(`makes calls without a cache of the kind ${kind} that cannot be used`, () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        const path = join(yield* folder, "notes.txt", "cache")
        writeFileSync(dirname(path), "mine")
        const kimi = yield* connect(server, { KIMI_CACHE: `${kind}:${path}` })
        yield* kimi.chat(small)
        const cache = (yield* kimi.health).components.find(({ name }) => name === "cache")
        assert.deepInclude(cache, { status: "degraded", code: "StoreUnavailable" })
        assert.match(
          String(cache?.details?.["failure"]),
          /: a part of the path is a file and not a folder \(E[A-Z]+\) \(/
        )
        assert.include(String(cache?.details?.["failure"]), path)
      }).pipe(Effect.provide(Logger.layer([])))
    )
  }

  it.live("names the option of a store that cannot be opened", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const built = (variables: Variables) =>
        issuesOf(Layer.provide(KimiNode.layerConfig(), environment(variablesFor(server, variables))))
      const path = yield* folder
      const [budgetIssue] = yield* built({ KIMI_BUDGET: "1 USD", KIMI_BUDGET_STORE: `sqlite:${path}` })
      assert.strictEqual(budgetIssue?.name, "KIMI_BUDGET_STORE")
      assert.include(budgetIssue?.expected, `it is a folder and not a file (${path})`)
    })
  )

  const unusable: ReadonlyArray<readonly [name: string, variables: Variables]> = [
    ["KIMI_REDIS_CA", { KIMI_LIMITS: "rediss://127.0.0.1:1", KIMI_REDIS_CA: "/nonexistent/ca.pem" }],
    ["KIMI_REDIS_USERNAME", { KIMI_LIMITS: "redis://127.0.0.1:1", KIMI_REDIS_USERNAME: "kimi" }],
    ["KIMI_LIMITS", { KIMI_LIMITS: "redis://127.0.0.1:1", KIMI_REDIS_SERVER_NAME: "redis.example" }],
    ["KIMI_REDIS_MAX_REPLY_BYTES", { KIMI_LIMITS: "redis://127.0.0.1:1", KIMI_REDIS_MAX_REPLY_BYTES: "1 GiB" }]
  ]
  for (const [name, variables] of unusable) {
    it.live(`names ${name} where it cannot be used with ${Object.keys(variables).at(-1)}`, () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        const layer = Layer.provide(KimiNode.layerConfig(), environment(variablesFor(server, variables)))
        assert.deepStrictEqual(
          (yield* issuesOf(layer)).map((issue) => issue.name),
          [name]
        )
      })
    )
  }
})
