/** What `kimi doctor` finds in the steps of a fallback plan. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { diagnose, problemsOf } from "../doctorSetUp.ts"

const withFallback = (steps: string) => diagnose(() => Effect.succeed({ KIMI_FALLBACK: steps }))

describe("kimi doctor", () => {
  it.live("names the step of a fallback that has no key", () =>
    Effect.map(withFallback('[{"provider":"together"}]'), ({ checks, code }) => {
      assert.strictEqual(code, 10)
      assert.deepStrictEqual(problemsOf(checks), ["configuration: KIMI_FALLBACK[0].apiKey cannot be used"])
    })
  )
})
