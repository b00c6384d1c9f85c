import { assert, describe, it } from "@effect/vitest"
import * as Fault from "@kimi-effect/testing/Fault"
import * as Reply from "@kimi-effect/testing/Reply"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { batchRoute, filesOf, lineOf } from "../hostJob.ts"
import { withServer } from "../mockedHost.ts"
import { runKimi } from "../runKimi.ts"

/** What a job writes that is interrupted while its batch is at the host, with `OUT` in place of its output. */
const interrupted = (flags: ReadonlyArray<string>) =>
  withServer((server, env) =>
    Effect.gen(function* () {
      const isAsked = yield* Deferred.make<void>()
      yield* server.replyAt(batchRoute, () => {
        Deferred.doneUnsafe(isAsked, Effect.void)
        return Reply.withFault(Fault.StallBeforeHeaders())(Reply.text("Never."))
      })
      const { input, output } = yield* filesOf([lineOf("a")])
      const args = ["batch", "run", input, output, "--mode", "host", "--poll", "1 millis", ...flags]
      const { stderr } = yield* runKimi(args, { env, interrupt: Deferred.await(isAsked) })
      return stderr.replace(output, "OUT")
    })
  )

describe("a job that is interrupted while its batch is at the host", () => {
  it.live("names the command that collects it", () =>
    Effect.map(interrupted([]), (stderr) =>
      assert.include(stderr, "A batch continues at the host. Collect it with: kimi batch resume OUT\n")
    )
  )

  it.live("states before the command that it needs the same flags of options", () =>
    Effect.map(interrupted(["--tier", "1"]), (stderr) =>
      assert.include(stderr, "Collect it, with the same flags of options, with: kimi batch resume OUT\n")
    )
  )
})
