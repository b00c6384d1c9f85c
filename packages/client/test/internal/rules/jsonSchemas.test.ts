import { assert, describe, it } from "@effect/vitest"
import type { ToolDefinition } from "@kimi-effect/core/Tool"
import { responseSchema, toolSchemas } from "../../../src/internal/rules/jsonSchemas.ts"
import { ask, elsewhere } from "../support/rules.ts"

const tool = (parameters?: Record<string, never>): ToolDefinition => ({
  type: "function",
  function: { name: "abc", ...(parameters === undefined ? {} : { parameters }) }
})
const valid = { type: "object", properties: { a: { type: "string" } } } as never
const misspelled = { type: "object", properties: { a: { type: "objct" } } } as never
const noObject = { type: "array" } as never

describe("toolSchemas", () => {
  it("accepts a tool with valid parameters", () => {
    assert.isUndefined(ask(toolSchemas, "kimi-k3", { tools: [tool(valid)] }))
  })

  it("accepts a tool without parameters", () => {
    assert.isUndefined(ask(toolSchemas, "kimi-k3", { tools: [tool()] }))
  })

  it("refuses a misspelled type with its path", () => {
    assert.deepStrictEqual(ask(toolSchemas, "kimi-k3", { tools: [tool(valid), tool(misspelled)] }), {
      error: {
        _tag: "ToolSchemaError",
        message: "tools[1].function.parameters is not Moonshot-flavored JSON Schema, at properties.a: invalid type",
        parameter: "tools[1].function.parameters",
        path: "properties.a"
      }
    })
  })

  it("refuses a root that is no object", () => {
    assert.deepInclude(ask(toolSchemas, "kimi-k3", { tools: [tool(noObject)] })?.error, {
      message:
        'tools[0].function.parameters is not Moonshot-flavored JSON Schema, at its root: type is required and must be "object"',
      path: ""
    })
  })

  it("refuses a tool that a system message loads", () => {
    const messages = [{ role: "system" as const, tools: [tool(misspelled) as never] }]
    assert.propertyVal(
      ask(toolSchemas, "kimi-k3", { messages })?.error,
      "parameter",
      "messages[0].tools[0].function.parameters"
    )
  })

  for (const host of elsewhere) {
    it(`leaves the tools of ${host} to the host`, () => {
      assert.isUndefined(ask(toolSchemas, "kimi-k3", { tools: [tool(misspelled)] }, host))
    })
  }
})

describe("responseSchema", () => {
  const format = (schema: Record<string, never>) => ({
    response_format: { type: "json_schema" as const, json_schema: { name: "answer", schema } }
  })

  it("accepts a valid schema", () => {
    assert.isUndefined(ask(responseSchema, "kimi-k3", format(valid)))
  })

  it("refuses an invalid one", () => {
    assert.deepInclude(ask(responseSchema, "kimi-k3", format(misspelled))?.error, {
      _tag: "InvalidRequestError",
      parameter: "response_format.json_schema.schema"
    })
  })

  it("leaves the schema of another host to it", () => {
    assert.isUndefined(ask(responseSchema, "kimi-k3", format(misspelled), "together"))
  })
})
