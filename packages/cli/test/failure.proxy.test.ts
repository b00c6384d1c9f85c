import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { closedPort, key } from "./doctorSetUp.ts"
import { runKimi } from "./runKimi.ts"

describe("a proxy that does not accept connections", () => {
  it.live("is named without its credentials", () =>
    Effect.gen(function* () {
      const address = `127.0.0.1:${yield* closedPort}`
      const env = { KIMI_API_KEY: key, KIMI_MAX_ATTEMPTS: "1", KIMI_PROXY: `http://user:hunter2@${address}` }
      for (const command of [
        ["chat", "Hi"],
        ["files", "list"]
      ]) {
        const { code, stderr } = yield* runKimi(command, { env })
        assert.strictEqual(code, 12)
        assert.include(stderr, "(through the proxy http://")
        assert.include(stderr, address)
        assert.include(stderr, "check the address of the proxy first")
        assert.notInclude(stderr, "hunter2")
      }
    })
  )
})
