/** Clients whose stores are on a Redis that fails in every way: they start, answer, report it and close. */
import { assert, describe, it } from "@effect/vitest"
import { MockServer } from "@kimi-effect/testing/node"
import { Effect, Exit, Logger, Scope } from "effect"
import { connect, other, small, used, type Variables } from "./support/configured.ts"
import { closedPort, failures, fakeRedis } from "./support/fakeRedis.ts"

/** The URL of each failing server. */
const urls: { readonly [name: string]: Effect.Effect<string, never, Scope.Scope> } = {
  "refuses connections": Effect.map(closedPort, (port) => `redis://127.0.0.1:${port}`),
  "does not begin TLS": Effect.map(
    fakeRedis({ onConnect: ({ socket }) => void socket.removeAllListeners() }),
    ({ port }) => `rediss://127.0.0.1:${port}`
  ),
  ...Object.fromEntries(
    Object.entries(failures).map(([name, behavior]) => [name, Effect.map(fakeRedis(behavior), ({ url }) => url)])
  )
}

/** Short, because these clients live in real time. */
const bounds = {
  KIMI_REDIS_USERNAME: "kimi",
  KIMI_REDIS_PASSWORD: "canary-password",
  KIMI_REDIS_CONNECT_TIMEOUT: "200 millis",
  KIMI_REDIS_TIMEOUT: "200 millis",
  KIMI_REDIS_CLOSE_TIMEOUT: "100 millis",
  KIMI_BUDGET_TIMEOUT: "100 millis"
}

const shared = (url: string): Variables => ({
  ...bounds,
  KIMI_CACHE: url,
  KIMI_LIMITS: url,
  KIMI_CIRCUITS: url,
  KIMI_TIER: "1"
})

const quiet = Effect.provide(Logger.layer([]))

for (const [name, url] of Object.entries(urls)) {
  describe(`a client whose Redis ${name}`, () => {
    const client = (variables: (url: string) => Variables) =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        yield* server.replyAlways(used)
        return yield* connect(server, variables(yield* url))
      })

    it.live("answers calls with all stores but the budget on it", () =>
      Effect.gen(function* () {
        const kimi = yield* client(shared)
        const answers = yield* Effect.all([kimi.chat(small), kimi.chat(other)], {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual(
          answers.map(({ text }) => text),
          ["hello", "hello"]
        )
      }).pipe(quiet)
    )

    it.live("refuses calls with a budget on it", () =>
      Effect.gen(function* () {
        const kimi = yield* client((url) => ({ ...bounds, KIMI_BUDGET: "1 USD", KIMI_BUDGET_STORE: url }))
        assert.strictEqual((yield* Effect.flip(kimi.chat(small)))._tag, "BudgetStoreError")
      }).pipe(quiet)
    )

    it.live("reports it in health without credentials", () =>
      Effect.gen(function* () {
        const kimi = yield* client(shared)
        yield* kimi.chat(small)
        const report = yield* kimi.health
        const component = report.components.find(({ name }) => name === "redis")
        assert.notStrictEqual(component?.status, "healthy")
        assert.isString(component?.details?.["lastError"])
        assert.notInclude(JSON.stringify(report), "canary")
      }).pipe(quiet)
    )

    it.live("closes", () =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const kimi = yield* Scope.provide(client(shared), scope)
        yield* kimi.chat(small)
        yield* Scope.close(scope, Exit.void)
      }).pipe(quiet)
    )
  })
}
