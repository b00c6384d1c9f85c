import { assert, describe, it } from "@effect/vitest"
import * as ModelCatalog from "@kimi-effect/core/ModelCatalog"
import { errorMembers, isThinking } from "../../../src/internal/rules/Rule.ts"
import { providers } from "../../../src/Provider.ts"
import { families, familyNames, type Members, requestOf } from "../support/rules.ts"

const thinks = (model: string, members?: Members): boolean => {
  const known = ModelCatalog.find(model) ?? assert.fail(model)
  return isThinking(requestOf(model, members), known)
}

describe("Rule", () => {
  it("determines the thinking control of every model", () => {
    const off: Members = { thinking: { type: "disabled" } }
    const expected = {
      k3: [true, true],
      k27: [true, true],
      k26: [true, false],
      k25: [true, false],
      k2: [false, false],
      k2Thinking: [true, true],
      v1: [false, false]
    }
    for (const family of familyNames) {
      for (const model of families[family]) {
        assert.deepStrictEqual([thinks(model), thinks(model, off)], expected[family], model)
        assert.strictEqual(thinks(model, { thinking: { type: "enabled" } }), expected[family][0], model)
      }
    }
  })

  it("has a family for every model of the catalogue", () => {
    const listed = new Set<string>(Object.values(families).flat())
    for (const { id } of ModelCatalog.knownModels) assert.isTrue(listed.has(id.replace("-vision-preview", "")), id)
  })

  it("gives every error its message, host, model", () => {
    const target = { provider: providers.together, knownModel: undefined }
    assert.deepStrictEqual(errorMembers(requestOf("m"), target, "text"), {
      message: "text",
      provider: "together",
      model: "m"
    })
  })
})
