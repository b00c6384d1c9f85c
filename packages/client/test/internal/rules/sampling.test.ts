import { assert, describe, it } from "@effect/vitest"
import { sampling } from "../../../src/internal/rules/sampling.ts"
import { ask, elsewhere, families, type Family, familyNames, type Members, requestOf } from "../support/rules.ts"

const members = ["temperature", "top_p", "n", "presence_penalty", "frequency_penalty"] as const
type Member = (typeof members)[number]

const thinking: Record<Member, number> = {
  temperature: 1,
  top_p: 0.95,
  n: 1,
  presence_penalty: 0,
  frequency_penalty: 0
}
const notThinking = { ...thinking, temperature: 0.6 }
const off: Members = { thinking: { type: "disabled" } }

/** The fixed values of each family; undefined where any value is accepted. */
const fixed: Record<Family, Record<Member, number> | undefined> = {
  k3: thinking,
  k27: thinking,
  k26: thinking,
  k25: thinking,
  k2: undefined,
  k2Thinking: undefined,
  v1: undefined
}

const models = familyNames.flatMap((family) => families[family].map((model) => [model, fixed[family]] as const))

describe("sampling", () => {
  it("accepts the fixed value of a model", () => {
    for (const [model, only] of models) {
      assert.isUndefined(ask(sampling, model))
      if (only !== undefined) assert.isUndefined(ask(sampling, model, only), model)
    }
  })

  it("refuses every other value, which the repair removes", () => {
    for (const [model, only] of models) {
      if (only === undefined) continue
      for (const member of members) {
        for (const value of [only[member] + 0.5, only[member] - 0.25, 0.7]) {
          assert.deepStrictEqual(ask(sampling, model, { stop: "x", [member]: value }), {
            error: {
              _tag: "UnsupportedParameterError",
              message: `${model} accepts ${member} only as ${only[member]}`,
              parameter: member,
              allowed: String(only[member]),
              fix: `Leave ${member} out.`
            },
            repaired: requestOf(model, { stop: "x" }),
            note: `removed ${member}`
          })
        }
      }
    }
  })

  it("requires another temperature where thinking is disabled", () => {
    for (const model of [...families.k26, ...families.k25]) {
      assert.isUndefined(ask(sampling, model, { ...off, ...notThinking }))
      assert.deepInclude(ask(sampling, model, { ...off, temperature: 1 })?.error, { allowed: "0.6" })
      assert.deepInclude(ask(sampling, model, { temperature: 0.6 })?.error, { allowed: "1" })
      assert.deepInclude(ask(sampling, model, { thinking: { type: "enabled" }, temperature: 0.6 })?.error, {
        allowed: "1"
      })
    }
    for (const model of [...families.k3, ...families.k27]) {
      assert.deepInclude(ask(sampling, model, { ...off, temperature: 0.6 })?.error, { allowed: "1" })
    }
  })

  it("accepts any value on models without fixed sampling", () => {
    for (const [model, only] of models) {
      if (only !== undefined) continue
      for (const member of members) assert.isUndefined(ask(sampling, model, { [member]: 0.3 }), model)
    }
  })

  it("refuses log probabilities on the K3 models only", () => {
    for (const family of familyNames) {
      for (const model of families[family]) {
        for (const given of [{ logprobs: false }, { logprobs: true }, { top_logprobs: 0 }] as const) {
          const [member] = Object.keys(given)
          const found = ask(sampling, model, given)
          if (family !== "k3") assert.isUndefined(found, model)
          else {
            assert.deepStrictEqual(found, {
              error: {
                _tag: "UnsupportedParameterError",
                message: `${model} does not accept ${member}`,
                parameter: member,
                fix: `Leave ${member} out.`
              },
              repaired: requestOf(model),
              note: `removed ${member}`
            })
          }
        }
      }
    }
  })

  it("applies to known models at Moonshot only", () => {
    const odd: Members = { temperature: 0.3, top_p: 0.1, n: 2, presence_penalty: 1, logprobs: true }
    for (const host of elsewhere) assert.isUndefined(ask(sampling, "kimi-k3", odd, host), host)
    assert.isUndefined(ask(sampling, "kimi-k9", odd))
    assert.isDefined(ask(sampling, "kimi-k3", odd, "moonshot-cn"))
  })
})
