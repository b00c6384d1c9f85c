/** Tools of MCP servers, as `McpClient.toolkit` makes them. */
import { assert, describe, it } from "@effect/vitest"
import * as McpClient from "effect/ai/McpClient"
import * as Effect from "effect/Effect"
import * as ToolSet from "../../src/agent/ToolSet.ts"

/** What common servers send: annotations, bounds and formats that Moonshot does not know. */
const inputSchema = {
  $schema: "http://json-schema.org/draft-07/schema#",
  type: "object",
  title: "SearchArguments",
  properties: {
    query: { type: "string", title: "Query", description: "What to search", minLength: 1 },
    since: { type: ["string", "null"], format: "date-time", default: null },
    limit: { type: "integer", exclusiveMinimum: 0, maximum: 50 },
    mode: { const: "fast" },
    filter: { oneOf: [{ type: "string" }, { $ref: "#/definitions/Filter" }] }
  },
  required: ["query"],
  additionalProperties: false,
  definitions: { Filter: { type: "object", properties: { tag: { type: "string" } } } }
}

interface Request {
  readonly tool: { readonly name: string }
  readonly arguments: unknown
}

/** A client of a server with one tool, in memory. */
const clientOf = (schema: object, received: Array<unknown> = []): McpClient.McpClient => {
  const client = {
    listTools: () => Effect.succeed([{ name: "search", description: "Searches", inputSchema: schema }]),
    callTool: (request: Request) => {
      received.push(request.arguments)
      return Effect.succeed({ content: [{ type: "text", text: "found" }] })
    }
  }
  return client as never
}

describe("ToolSet of an MCP server", () => {
  it.effect("describes its tools to Moonshot", () =>
    Effect.gen(function* () {
      const set = yield* ToolSet.make(yield* McpClient.toolkit(clientOf(inputSchema), "docs__"))
      assert.deepStrictEqual<unknown>(set.definitions, [
        {
          type: "function",
          function: {
            name: "docs__search",
            description: "Searches",
            parameters: {
              type: "object",
              properties: {
                query: { type: "string", minLength: 1, description: "What to search" },
                since: {
                  anyOf: [{ type: "string", description: "Format: date-time." }, { type: "null" }],
                  description: "Default: null."
                },
                limit: { type: "integer", minimum: 1, maximum: 50 },
                mode: { type: "string", enum: ["fast"] },
                filter: {
                  anyOf: [{ type: "string" }, { type: "object", properties: { tag: { type: "string" } } }]
                }
              },
              required: ["query"],
              additionalProperties: false
            },
            strict: false
          }
        }
      ])
    })
  )

  it.effect("passes valid arguments to the server", () =>
    Effect.gen(function* () {
      const received: Array<unknown> = []
      const set = yield* ToolSet.make(yield* McpClient.toolkit(clientOf(inputSchema, received)))
      const decoded = yield* set.decode({ name: "search", arguments: '{"query":"x","limit":2}', callId: "1" })
      assert.strictEqual((yield* set.run(decoded)).content, "found")
      assert.deepStrictEqual(received, [{ query: "x", limit: 2 }])
    })
  )

  it.effect("sends the server no invalid arguments", () =>
    Effect.gen(function* () {
      const received: Array<unknown> = []
      const set = yield* ToolSet.make(yield* McpClient.toolkit(clientOf(inputSchema, received)))
      const error = yield* Effect.flip(set.decode({ name: "search", arguments: '{"query":""}', callId: "1" }))
      assert.propertyVal(error, "path", "query")
      assert.deepStrictEqual(received, [])
    })
  )

  it.effect("refuses a schema that cannot be expressed", () =>
    Effect.gen(function* () {
      const schema = { type: "object", properties: { a: { type: "objct" } } }
      const error = yield* Effect.flip(ToolSet.make(yield* McpClient.toolkit(clientOf(schema))))
      assert.strictEqual(error.path, "properties.a")
    })
  )
})
