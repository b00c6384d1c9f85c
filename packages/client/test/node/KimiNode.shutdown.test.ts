/** Services in separate processes that are ended by a signal. */
import { fork } from "node:child_process"
import { assert, describe, it } from "@effect/vitest"
import { MockServer } from "@kimi-effect/testing/node"
import { Effect } from "effect"
import { used, type Variables } from "./support/configured.ts"
import { failures, fakeRedis } from "./support/fakeRedis.ts"

const worker = new URL("./support/shutdownWorker.ts", import.meta.url)

/** Ends a service with SIGTERM when it has answered its first call. Succeeds with how the process ended. */
const terminate = (variables: Variables) =>
  Effect.callback<string>((resume) => {
    const child = fork(worker, { env: { ...process.env, ...variables }, stdio: ["ignore", "ignore", "inherit", "ipc"] })
    child.once("message", () => child.kill("SIGTERM"))
    child.once("exit", (code, signal) => resume(Effect.succeed(`${code ?? signal}`)))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

describe("SIGTERM", () => {
  for (const name of ["does not reply", "does not reply to commands", "sends garbage", "nests arrays"]) {
    it.live(`ends a service whose Redis ${name}`, () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make()
        yield* server.replyAlways(used)
        const { url } = yield* fakeRedis(failures[name] ?? assert.fail("no such server"))
        const ended = yield* terminate({
          KIMI_API_KEY: "sk-test",
          KIMI_BASE_URL: server.url,
          KIMI_CACHE: url,
          KIMI_LIMITS: url,
          KIMI_CIRCUITS: url,
          KIMI_TIER: "1"
        })
        // The exit code of an interrupted program.
        assert.strictEqual(ended, "130")
      })
    )
  }
})
