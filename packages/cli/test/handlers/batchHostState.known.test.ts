/** What is known of the batch of a job, in the JSON of each command. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { filesOf, leave, lineOf, poll } from "../hostJob.ts"
import { decoded, withServer } from "../mockedHost.ts"
import { runKimi } from "../runKimi.ts"

describe("kimi batch status", () => {
  it.live("has the same batch of a job as the run that has collected it", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { input, output } = yield* filesOf([lineOf("a"), lineOf("b")])
        const run = yield* runKimi(["batch", "run", input, output, "--mode", "host", "--json", ...poll], { env })
        const { host } = decoded("batch run", run.stdout)
        assert.deepInclude(host, { model: "kimi-k2.6", rows: 2, completed: 2, failed: 0 })
        const { stdout } = yield* runKimi(["batch", "status", output, "--json"])
        assert.deepStrictEqual(decoded("batch status", stdout).host, host)
      })
    )
  )

  it.live("has the same batch of a job as the command that has cancelled it", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { output } = yield* leave(server, env)
        const cancelled = decoded(
          "batch cancel",
          (yield* runKimi(["batch", "cancel", output, "--json"], { env })).stdout
        )
        assert.deepInclude(cancelled, { model: "kimi-k2.6", rows: 2, status: "cancelling" })
        const { stdout } = yield* runKimi(["batch", "status", output, "--json"])
        assert.deepStrictEqual(decoded("batch status", stdout).host, cancelled)
      })
    )
  )
})
