import { assert, describe, it } from "@effect/vitest"
import * as ModelCatalog from "@kimi-effect/core/ModelCatalog"
import { responseFormat } from "../../../src/internal/rules/responseFormat.ts"
import { providers } from "../../../src/Provider.ts"
import { ask, requestOf } from "../support/rules.ts"

const schema = {
  response_format: { type: "json_schema", json_schema: { name: "a", schema: { type: "object" } } }
} as const

describe("responseFormat", () => {
  it("refuses json_schema for models of Ollama's cloud, which ignores it", () => {
    for (const model of ["kimi-k2.5:cloud", "kimi-k2:1t-cloud"]) {
      assert.deepStrictEqual(ask(responseFormat, model, schema, "ollama"), {
        error: {
          _tag: "UnsupportedParameterError",
          message: `ollama does not apply json_schema for ${model}`,
          parameter: "response_format",
          allowed: "text, json_object",
          fix: "Use json_object with the fields in the prompt, or StructuredOutput.generate, which does so."
        }
      })
    }
  })

  it("accepts json_schema for local models of Ollama, other formats there, any format elsewhere", () => {
    assert.isUndefined(ask(responseFormat, "kimi-linear:48b", schema, "ollama"))
    assert.isUndefined(ask(responseFormat, "kimi-k2.5:cloud", { response_format: { type: "json_object" } }, "ollama"))
    assert.isUndefined(ask(responseFormat, "kimi-k2.5:cloud", {}, "ollama"))
    assert.isUndefined(ask(responseFormat, "kimi-k2.5:cloud", schema, "custom"))
    assert.isUndefined(ask(responseFormat, "kimi-k3", schema, "moonshot"))
    assert.isUndefined(ask(responseFormat, "unknown", schema, "moonshot"))
  })

  it("refuses json_schema for a model of Moonshot without it", () => {
    const known = ModelCatalog.find("kimi-k3") ?? assert.fail("no kimi-k3")
    const knownModel = { ...known, capabilities: { ...known.capabilities, jsonSchema: false } }
    const problem = (host: "moonshot" | "together") =>
      responseFormat(requestOf("kimi-k3", schema), { provider: providers[host], knownModel })
    assert.strictEqual(problem("moonshot")?.error._tag, "UnsupportedParameterError")
    assert.isUndefined(problem("together"))
  })
})
