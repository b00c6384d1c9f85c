/** What `kimi doctor` finds in the steps of a fallback plan. */
import { assert, describe, it } from "@effect/vitest"
import * as MockServer from "@kimi-effect/testing/node/MockServer"
import * as Effect from "effect/Effect"
import { closedPort, diagnose, problemsOf } from "../doctorSetUp.ts"

const otherKey = "sk-the-key-of-another-host"

interface Step {
  readonly [name: string]: string
}

const found = (step: Step) =>
  Effect.map(
    diagnose(() => Effect.succeed({ KIMI_FALLBACK: JSON.stringify([step]) })),
    ({ checks, code, text }) => {
      assert.notInclude(text, otherKey)
      return { code, checks: checks.filter(({ name }) => name !== "clock"), problems: problemsOf(checks) }
    }
  )

/** A step at another host, which accepts one key. */
const atOther = (step: Step) =>
  Effect.scoped(
    Effect.flatMap(MockServer.make({ apiKey: otherKey }), ({ url }) =>
      found({ provider: "custom", baseUrl: url, account: "spare", ...step })
    )
  )

describe("kimi doctor", () => {
  it.live("names the step of a fallback that has no key", () =>
    Effect.map(found({ provider: "together" }), ({ code, problems }) => {
      assert.strictEqual(code, 10)
      assert.deepStrictEqual(problems, ["configuration: KIMI_FALLBACK[0].apiKey cannot be used"])
    })
  )

  it.live("finds no problem in a fallback that can be called", () =>
    Effect.map(atOther({ apiKey: otherKey, model: "kimi-k2.6" }), ({ checks, problems }) => {
      assert.deepStrictEqual(problems, [])
      assert.deepInclude(checks, { name: "fallback", status: "ok", message: "1 step can be used" })
    })
  )

  it.live("warns of a step with a model that its host does not list", () =>
    Effect.map(atOther({ apiKey: otherKey, model: "no-such-model" }), ({ code, problems }) => {
      assert.strictEqual(code, 0)
      assert.deepStrictEqual(problems, ["fallback: Step 1: no-such-model is not among the models of its key at spare"])
    })
  )

  it.live("warns of a step whose key is refused", () =>
    Effect.map(atOther({ apiKey: "sk-a-wrong-key", model: "kimi-k2.6" }), ({ problems }) => {
      assert.strictEqual(problems.length, 1)
      assert.match(problems.join("\n"), /^fallback: Step 1: .*key/i)
    })
  )

  it.live("warns of a step whose host cannot be reached", () =>
    Effect.gen(function* () {
      const { problems } = yield* found({ provider: "custom", baseUrl: `http://127.0.0.1:${yield* closedPort}/v1` })
      assert.match(problems.join("\n"), /^fallback: Step 1: No connection/)
    })
  )

  it.live("warns of a step that is the first host with its model", () =>
    Effect.map(found({ model: "kimi-k3" }), ({ problems }) =>
      assert.deepStrictEqual(problems, ["fallback: Step 1: kimi-k3 is the model that has failed before it"])
    )
  )

  it.live("finds no problem in another model of the first host", () =>
    Effect.map(found({ model: "kimi-k2.6" }), ({ checks, problems }) => {
      assert.deepStrictEqual(problems, [])
      assert.deepInclude(checks, { name: "fallback", status: "ok", message: "1 step can be used" })
    })
  )

  it.live("warns of a model that the first host does not list", () =>
    Effect.map(found({ model: "no-such-model" }), ({ code, problems }) => {
      assert.strictEqual(code, 0)
      const problem = "fallback: Step 1: no-such-model is not among the models of its key at moonshot"
      assert.deepStrictEqual(problems, [problem])
    })
  )

  it.live("names the step whose tags no error has", () =>
    Effect.gen(function* () {
      const steps = JSON.stringify([{ model: "kimi-k2.6", on: ["NoSuchError"] }])
      const { checks, code } = yield* diagnose(() => Effect.succeed({ KIMI_FALLBACK: steps }))
      assert.strictEqual(code, 1)
      assert.deepStrictEqual(problemsOf(checks), ["fallback: KIMI_FALLBACK[0].on cannot be used"])
    })
  )
})
