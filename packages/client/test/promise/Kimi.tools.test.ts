/** Tools whose parameters are schemas of other libraries. */
import { assert, describe, it } from "@effect/vitest"
import { isKimiError } from "@kimi-effect/core/KimiError"
import { MockProvider, Reply } from "@kimi-effect/testing"
import { Effect } from "effect"
import type { StandardSchemaV1 } from "effect/StandardSchema"
import * as z from "zod"
import * as AgentRequest from "../../src/promise/AgentRequest.ts"
import * as Kimi from "../../src/promise/Kimi.ts"

const Booking = z.object({
  city: z.string().min(2),
  nights: z.int().min(1).default(1),
  from: z.iso.datetime().transform((text) => new Date(text)),
  kind: z.enum(["room", "suite"]).optional(),
  note: z.union([z.string(), z.number()]).nullable().optional()
})

const valid = { city: "Oslo", from: "2026-11-28T10:00:00Z" }

/** Runs an agent whose model makes one call: the result for the model, the inputs, and what was sent. */
const runOnce = async (args: unknown, tool: (inputs: Array<unknown>) => AgentRequest.Tool) => {
  const inputs: Array<unknown> = []
  const layer = MockProvider.layerClient({
    script: [Reply.toolCalls([{ name: "book", arguments: args as never }]), "Done"]
  })
  await using kimi = Kimi.fromLayer(layer)
  const result = await kimi.agent({ tools: [tool(inputs)], prompt: "?" })
  const contents = result.messages.flatMap(({ content, role }) => (role === "tool" ? [String(content)] : []))
  return { inputs, content: contents[0] ?? "", outcome: result.outcome._tag }
}

const booking = (inputs: Array<unknown>) =>
  AgentRequest.tool({
    name: "book",
    description: "Books a hotel",
    parameters: Booking,
    run: ({ city, from, kind, nights }) => {
      inputs.push([city, from.getTime(), kind, nights.toFixed()])
      return "booked"
    }
  })

const rejectionOf = async (tool: unknown) => {
  await using kimi = Kimi.fromLayer(MockProvider.layerClient({ script: [] }))
  const error: unknown = await kimi
    .agent({ tools: [tool as AgentRequest.Tool], prompt: "?" })
    .catch((thrown: unknown) => thrown)
  assert(isKimiError(error))
  return error
}

/** A schema of a library that writes no JSON Schema; its schemas are functions. */
const isEven: StandardSchemaV1<{ readonly n: number }, { readonly half: number }> = Object.assign(() => 0, {
  "~standard": {
    version: 1 as const,
    vendor: "evens",
    validate: async (value: unknown) => {
      const { n } = value as { readonly n: number }
      return n % 2 === 0 ? { value: { half: n / 2 } } : { issues: [{ message: `${n} is odd`, path: [{ key: "n" }] }] }
    }
  }
})

const half = { name: "book", description: "Halves", parameters: isEven, run: () => "" } as const
const jsonSchema = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] }

describe("a tool with a schema of zod", () => {
  it("gets the input that the schema decodes, with its defaults", async () => {
    const { content, inputs } = await runOnce(valid, booking)
    assert.deepStrictEqual(inputs, [["Oslo", Date.UTC(2026, 10, 28, 10), undefined, "1"]])
    assert.strictEqual(content, "booked")
  })

  it("does not run for an input that does not match", async () => {
    const { content, inputs } = await runOnce({ ...valid, nights: "two" }, booking)
    assert.deepStrictEqual(inputs, [])
    assert.match(
      content,
      /^Error: The arguments of the tool book do not match its parameters: nights: Expected integer/
    )
  })

  it("returns the words of a refinement to the model", async () => {
    const parameters = z
      .object({ from: z.int(), to: z.int() })
      .refine(({ from, to }) => from < to, "to must be after from")
    const tool = () =>
      AgentRequest.tool({ name: "book", description: "Books", parameters, run: () => assert.fail("it ran") })
    const { content } = await runOnce({ from: 2, to: 1 }, tool)
    assert.match(content, /parameters: to must be after from\. Call the tool again/)
  })

  it("does not repeat arguments in the words of a refinement", async () => {
    const parameters = z.object({
      key: z.string().refine(() => false, { error: ({ input }) => `${String(input)} is not a key` })
    })
    const tool = () => AgentRequest.tool({ name: "book", description: "Books", parameters, run: () => "" })
    const { content } = await runOnce({ key: "hunter2" }, tool)
    assert.match(content, /key: Expected a valid value/)
    assert.notInclude(content, "hunter2")
  })

  it("needs an approval by its decoded input", async () => {
    const tool = (inputs: Array<unknown>) =>
      AgentRequest.tool({
        name: "book",
        description: "Books a hotel",
        parameters: Booking,
        needsApproval: ({ from }) => from.getTime() > 0,
        run: () => inputs.push("ran")
      })
    const { inputs, outcome } = await runOnce(valid, tool)
    assert.deepStrictEqual([outcome, inputs], ["ApprovalRequired", []])
  })

  it("is refused for a schema that has no JSON form", async () => {
    const error = await rejectionOf({ ...half, parameters: z.object({ at: z.date() }) })
    assert.strictEqual(error._tag, "ToolSchemaError")
    assert.match(error.message, /the tool book cannot be written as JSON Schema by zod: .*Date/)
  })

  it("is refused for a schema that the host has no words for", async () => {
    const error = await rejectionOf({ ...half, parameters: z.object({ pair: z.tuple([z.string(), z.int()]) }) })
    assert.strictEqual(error._tag, "ToolSchemaError")
  })
})

describe("a tool with a schema of a library without JSON Schema", () => {
  it("is refused without the option jsonSchema", async () => {
    const error = await rejectionOf(half)
    assert.deepInclude(error, { _tag: "InvalidRequestError", parameter: "jsonSchema" })
    assert.match(error.message, /The tool book needs the option jsonSchema: this version of evens/)
  })

  it("gets what the schema decodes", async () => {
    const tool = (inputs: Array<unknown>) =>
      AgentRequest.tool({ ...half, jsonSchema, run: (input) => void inputs.push(input.half) })
    assert.deepStrictEqual((await runOnce({ n: 8 }, tool)).inputs, [4])
  })

  it("reports its issues by their path", async () => {
    const { content } = await runOnce({ n: 3 }, () => AgentRequest.tool({ ...half, jsonSchema }))
    assert.match(content, /parameters: n: 3 is odd/)
  })
})

describe("a tool with a JSON Schema", () => {
  const tool = (inputs: Array<unknown>) =>
    AgentRequest.tool({ ...half, parameters: jsonSchema, run: (input) => void inputs.push(input) })

  it("gets the input as it is", async () => {
    assert.deepStrictEqual((await runOnce({ n: 8 }, tool)).inputs, [{ n: 8 }])
  })

  it("does not run for an input that does not match", async () => {
    const { content, inputs } = await runOnce({ n: "8" }, tool)
    assert.deepStrictEqual(inputs, [])
    assert.match(content, /n: Expected integer/)
  })
})

describe("the definition of a tool with a schema of zod", () => {
  it("has the keywords that the host knows", async () => {
    const layer = MockProvider.layerClient({ script: ["Done"] })
    const program = Effect.gen(function* () {
      const { run } = yield* Effect.promise(() => import("../../src/promise/internal/agents.ts"))
      yield* run({ tools: [booking([])], prompt: "?" })
      const mock = yield* MockProvider.MockProvider
      return (yield* mock.requests)[0]?.request.tools?.[0]
    })
    const definition = await Effect.runPromise(Effect.provide(program, layer))
    assert(definition?.type === "function")
    assert.deepStrictEqual<unknown>(definition.function.parameters, {
      type: "object",
      properties: {
        city: { type: "string", minLength: 2 },
        nights: { type: "integer", minimum: 1, default: 1 },
        from: { type: "string", description: "Format: date-time." },
        kind: { type: "string", enum: ["room", "suite"] },
        note: { anyOf: [{ type: "string" }, { type: "number" }, { type: "null" }] }
      },
      required: ["city", "from"]
    })
  })
})
