import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { decoded, withServer } from "../mockedHost.ts"
import { runKimi } from "../runKimi.ts"
import { temporaryFolder } from "../temporaryFolder.ts"

describe("kimi swarm", () => {
  it.live("writes the timeline of its agents", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const html = join(yield* temporaryFolder, "team.html")
        const { code, stderr, stdout } = yield* runKimi(["swarm", "Say hello", "--json", "--html", html], { env })
        assert.strictEqual(code, 0, stderr)
        const result = decoded("swarm", stdout)
        // The recorded answer to a request with tools is a call of a tool; then comes the text.
        assert.deepInclude(result, { outcome: "Finished", steps: 2, toolCalls: 1 })
        assert.include(result.text, "Hello, starshine")
        assert.include(stderr, `0 working, 1 finished, 2 steps, ${result.cost[0]}`)
        assert.include(readFileSync(html, "utf8"), "<svg")
      })
    )
  )

  it.live("fails for a key that the host refuses", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { code, stderr, stdout } = yield* runKimi(["swarm", "Say hello", "--json"], {
          env: { ...env, KIMI_API_KEY: "sk-another" }
        })
        assert.notStrictEqual(decoded("swarm", stdout).outcome, "Finished")
        assert.strictEqual(code, 25)
        assert.include(stderr, "SwarmSuspendedError")
      })
    )
  )
})
