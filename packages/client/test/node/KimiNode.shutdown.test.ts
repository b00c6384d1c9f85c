/** Services in separate processes that are ended by a signal. */
import { type ChildProcess, fork } from "node:child_process"
import { assert, describe, it } from "@effect/vitest"
import { MockServer } from "@kimi-effect/testing/node"
import { Effect } from "effect"
import { used, type Variables } from "./support/configured.ts"
import { failures, fakeRedis } from "./support/fakeRedis.ts"
import { hasServer, privateRedis, urlOf } from "./support/redis.ts"

const worker = new URL("./support/shutdownWorker.ts", import.meta.url)

/** A service in its own process, which has answered its first call. It is killed with the scope. */
const serve = (variables: Variables) =>
  Effect.acquireRelease(
    Effect.callback<ChildProcess>((resume) => {
      const env = { ...process.env, ...variables }
      const child = fork(worker, { env, stdio: ["ignore", "ignore", "inherit", "ipc"] })
      child.once("message", () => resume(Effect.succeed(child)))
      child.once("exit", (code) => resume(Effect.die(new Error(`The service ended with ${code}`))))
    }),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

/** Sends SIGTERM. Succeeds with how the process ended. */
const terminate = (child: ChildProcess) =>
  Effect.callback<string>((resume) => {
    child.once("exit", (code, signal) => resume(Effect.succeed(`${code ?? signal}`)))
    child.kill("SIGTERM")
  })

/** The exit code of an interrupted program. */
const interrupted = "130"

const variablesOf = (server: MockServer.MockServer["Service"], redis: string): Variables => ({
  KIMI_API_KEY: "sk-test",
  KIMI_BASE_URL: server.url,
  KIMI_CACHE: redis,
  KIMI_LIMITS: redis,
  KIMI_CIRCUITS: redis,
  KIMI_TIER: "1"
})

describe("SIGTERM", () => {
  for (const name of ["does not reply", "does not reply to commands", "sends garbage", "nests arrays"]) {
    it.live(`ends a service whose Redis ${name}`, () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        yield* server.replyAlways(used)
        const { url } = yield* fakeRedis(failures[name] ?? assert.fail("no such server"))
        const service = yield* serve(variablesOf(server, url))
        assert.strictEqual(yield* terminate(service), interrupted)
      })
    )
  }

  for (const [work, calls] of [
    ["between two calls", "1"],
    ["while it makes calls", "Infinity"]
  ] as const) {
    it.live.skipIf(!hasServer)(`ends a service whose Redis is suspended ${work}`, () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        yield* server.replyAlways(used)
        const redis = yield* privateRedis
        const url = urlOf(redis.port)
        const service = yield* serve({
          ...variablesOf(server, url),
          KIMI_BUDGET: "10 USD per day",
          KIMI_BUDGET_STORE: url,
          KIMI_TELEMETRY: "on",
          CALLS: calls
        })
        yield* redis.pause
        assert.strictEqual(yield* terminate(service), interrupted)
      })
    )
  }
})
