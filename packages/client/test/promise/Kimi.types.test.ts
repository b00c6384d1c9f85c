import { assert, describe, it } from "@effect/vitest"
import { isKimiError } from "@kimi-effect/core/KimiError"
import { MockProvider } from "@kimi-effect/testing"
import { Schema } from "effect"
import * as AgentState from "../../src/agent/AgentState.ts"
import * as Kimi from "../../src/promise/Kimi.ts"

/** A client as programs in JavaScript see it: nothing checks what they pass. */
// oxlint-disable-next-line typescript/no-explicit-any
type Untyped = { readonly [name in keyof Kimi.Kimi]: any }

const parameters = Schema.Struct({ city: Schema.String })
const tool = { name: "get_weather", description: "The weather", parameters, run: () => "18" }
const state = AgentState.make([{ role: "user", content: "Hi" }])
const hello = { messages: [{ role: "user", content: "Hi" }] }

const cases: ReadonlyArray<readonly [call: string, make: (kimi: Untyped) => unknown, parameter: string]> = [
  ["chat with a signal of another type", (kimi) => kimi.chat(hello, { signal: "stop" }), "signal"],
  ["chat with a misspelt option", (kimi) => kimi.chat(hello, { maxRetries: 2 }), "maxRetries"],
  ["streamResponse with a misspelt option", (kimi) => kimi.streamResponse(hello, { keepalive: 5 }), "keepalive"],
  ["agent with a misspelt option", (kimi) => kimi.agent({ prompt: "Hi", limit: { steps: 2 } }), "limit"],
  ["agent with a misspelt limit", (kimi) => kimi.agent({ prompt: "Hi", limits: { maxSteps: 2 } }), "limits.maxSteps"],
  ["chat with null as options", (kimi) => kimi.chat(hello, null), "The options of a call"],
  ["stream with a signal of another type", (kimi) => kimi.stream(hello, { signal: {} }).next(), "signal"],
  ["streamResponse in an unknown format", (kimi) => kimi.streamResponse(hello, { format: "xml" }), "format"],
  ["streamResponse with no duration", (kimi) => kimi.streamResponse(hello, { keepAlive: "often" }), "keepAlive"],
  ["agent without a request", (kimi) => kimi.agent(), "The request"],
  ["agent with an object as tools", (kimi) => kimi.agent({ tools: {}, prompt: "Hi" }), "tools"],
  ["agent with null as a tool", (kimi) => kimi.agent({ tools: [null], prompt: "Hi" }), "tools[0]"],
  [
    "agent with a nameless tool",
    (kimi) => kimi.agent({ tools: [{ ...tool, name: 1 }], prompt: "Hi" }),
    "tools[0].name"
  ],
  [
    "agent with a text as parameters",
    (kimi) => kimi.agent({ tools: [tool, { ...tool, parameters: "city" }], prompt: "Hi" }),
    "tools[1].parameters"
  ],
  [
    "agent with a text as JSON Schema",
    (kimi) => kimi.agent({ tools: [{ ...tool, jsonSchema: "{}" }], prompt: "Hi" }),
    "tools[0].jsonSchema"
  ],
  [
    "agent with a tool without a function",
    (kimi) => kimi.agent({ tools: [{ ...tool, run: 1 }], prompt: "Hi" }),
    "tools[0].run"
  ],
  ["agent with another checkpoint", (kimi) => kimi.agent({ prompt: "Hi", checkpoint: "file" }), "checkpoint"],
  ["agent with null as limits", (kimi) => kimi.agent({ prompt: "Hi", limits: null }), "limits"],
  ["agent with a number as cost", (kimi) => kimi.agent({ prompt: "Hi", limits: { cost: 5 } }), "limits.cost"],
  ["agent with null as cost", (kimi) => kimi.agent({ prompt: "Hi", limits: { cost: null } }), "limits.cost"],
  ["agent with an unknown policy", (kimi) => kimi.agent({ prompt: "Hi", onToolError: "explode" }), "onToolError"],
  ["agent with a text as request", (kimi) => kimi.agent({ prompt: "Hi", request: "kimi-k3" }), "request"],
  ["agentStream without a request", (kimi) => kimi.agentStream().next(), "The request"],
  ["resumeAgent without a state", (kimi) => kimi.resumeAgent(undefined, {}), "state"],
  ["resumeAgent with a forged state", (kimi) => kimi.resumeAgent({ ...state, calls: [{}] }, {}), "state"],
  ["resumeAgent without a request", (kimi) => kimi.resumeAgent(state), "The request"],
  ["resumeAgent with forged decisions", (kimi) => kimi.resumeAgent(state, { decisions: [{}] }), "decisions"],
  ["object without a request", (kimi) => kimi.object(), "prompt"],
  ["object in an unknown format", (kimi) => kimi.object({ schema: parameters, prompt: "Hi", format: "xml" }), "format"]
]

describe("a call with values of a wrong type", () => {
  it.each(cases)("rejects %s", async (_, make, parameter) => {
    await using kimi = Kimi.fromLayer(MockProvider.layerClient({ script: ["Hi"] }))
    const error: unknown = await (async () => make(kimi))().then(
      () => assert.fail("it did not reject"),
      (reason: unknown) => reason
    )
    assert(isKimiError(error) && error._tag === "InvalidRequestError")
    assert.strictEqual(error.parameter, parameter)
  })

  it.each([undefined, null, { parse: () => 1 }])("rejects object with %s as schema", async (schema) => {
    await using kimi = Kimi.fromLayer(MockProvider.layerClient({ script: ["Hi"] }))
    const untyped: Untyped = kimi
    const error: unknown = await untyped.object({ schema, prompt: "Hi" }).catch((reason: unknown) => reason)
    assert(isKimiError(error) && error._tag === "ToolSchemaError")
    assert.match(error.message, /is not a Schema of Effect$/)
  })
})
