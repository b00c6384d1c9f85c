import { assert, describe, it } from "@effect/vitest"
import { InvalidRequestError, ToolSchemaError } from "@kimi-effect/core/ValidationErrors"
import { MockProvider, Reply, type Script } from "@kimi-effect/testing"
import { Schema } from "effect"
import * as AgentState from "../../src/agent/AgentState.ts"
import * as AgentRequest from "../../src/promise/AgentRequest.ts"
import * as Kimi from "../../src/promise/Kimi.ts"

const parameters = Schema.Struct({ city: Schema.String })
const weatherCall = Reply.toolCalls([{ name: "get_weather", arguments: { city: "Oslo" } }])

const weather = (run: AgentRequest.ToolOptions<typeof parameters>["run"], members: object = {}) =>
  AgentRequest.tool({ name: "get_weather", description: "The weather of a city", parameters, run, ...members })

const clientOf = (script: Script.Script) => Kimi.fromLayer(MockProvider.layerClient({ script }))

/** The tool messages of a result. */
const toolMessages = ({
  messages
}: {
  readonly messages: ReadonlyArray<{ readonly role: string; readonly content?: unknown }>
}) => messages.flatMap(({ content, role }) => (role === "tool" ? [content] : []))

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.fail("it did not reject"),
    (error: unknown) => error
  )

describe("Kimi.agent", () => {
  it("runs functions as tools", async () => {
    await using kimi = clientOf([weatherCall, "18 degrees."])
    const inputs: Array<unknown> = []
    const tool = weather(async (input, { callId }) => {
      inputs.push([input.city, callId])
      return { celsius: 18, at: new Date(0) }
    })
    const result = await kimi.agent({ tools: [tool], prompt: "The weather in Oslo?" })
    assert.strictEqual(result.text, "18 degrees.")
    assert.lengthOf(inputs, 1)
    assert.deepInclude(inputs, ["Oslo", inputs.flat()[1]])
    assert.deepStrictEqual(toolMessages(result), ['{"celsius":18,"at":"1970-01-01T00:00:00.000Z"}'])
  })

  it("sends a text as it is", async () => {
    await using kimi = clientOf([weatherCall, weatherCall, "Done."])
    let calls = 0
    const tool = weather(() => (calls++ === 0 ? "mild" : undefined))
    const result = await kimi.agent({ tools: [tool], prompt: "?" })
    assert.deepStrictEqual(toolMessages(result), ["mild", "null"])
  })

  it("returns a rejection to the model by the name of its error", async () => {
    await using kimi = clientOf([weatherCall, "No idea."])
    const tool = weather(() => Promise.reject(new TypeError("postgres://user:password@db")))
    const result = await kimi.agent({ tools: [tool], prompt: "?" })
    const [content] = toolMessages(result)
    assert.include(String(content), "TypeError")
    assert.notInclude(String(content), "password")
    assert.strictEqual(result.outcome._tag, "Finished")
  })

  it("streams events, with the result as the last one", async () => {
    await using kimi = clientOf([weatherCall, "18 degrees."])
    const tags: Array<string> = []
    for await (const event of kimi.agentStream({ tools: [weather(() => "mild")], prompt: "?" })) tags.push(event._tag)
    assert.includeMembers(tags, ["TurnStarted", "ToolCall", "ToolResult", "Text"])
    assert.strictEqual(tags.at(-1), "Finished")
  })

  it("waits for an approval, then continues from the state", async () => {
    await using kimi = clientOf([weatherCall, "18 degrees."])
    let runs = 0
    const tools = [
      weather(
        () => {
          runs += 1
          return "mild"
        },
        { needsApproval: async (input: { readonly city: string }) => input.city === "Oslo" }
      )
    ]
    const waiting = await kimi.agent({ tools, prompt: "?" })
    assert(waiting.outcome._tag === "ApprovalRequired")
    assert.strictEqual(runs, 0)
    const state: AgentState.AgentState = JSON.parse(JSON.stringify(waiting.state))
    const decisions = waiting.outcome.approvals.map(AgentState.approve)
    const result = await kimi.resumeAgent(state, { tools, decisions })
    assert.strictEqual(result.text, "18 degrees.")
    assert.strictEqual(runs, 1)
  })

  it("continues from the state as events", async () => {
    await using kimi = clientOf([weatherCall, "18 degrees."])
    const tools = [weather(() => "mild", { needsApproval: true })]
    const { outcome, state } = await kimi.agent({ tools, prompt: "?" })
    assert(outcome._tag === "ApprovalRequired")
    const decisions = outcome.approvals.map((approval) => AgentState.reject(approval, "not today"))
    const events = []
    for await (const event of kimi.resumeAgentStream(state, { tools, decisions })) events.push(event)
    const last = events.at(-1)
    assert(last?._tag === "Finished")
    assert.strictEqual(last.result.text, "18 degrees.")
    assert.include(String(toolMessages(last.result)[0]), "not today")
  })

  it("stores the state at checkpoints", async () => {
    await using kimi = clientOf([weatherCall, "18 degrees."])
    const states: Array<AgentState.AgentState> = []
    const result = await kimi.agent({
      tools: [weather(() => "mild")],
      prompt: "?",
      checkpoint: async (state) => void states.push(state)
    })
    // Time passes between the last checkpoint and the result.
    const { elapsedMillis: _, ...stored } = states.at(-1) ?? assert.fail("there is no checkpoint")
    const { elapsedMillis: __, ...last } = result.state
    assert.deepStrictEqual(stored, last)
    assert.isAbove(states.length, 1)
  })

  it("rejects with the reason when the signal aborts, with the signal of the tool aborted", async () => {
    await using kimi = clientOf([weatherCall])
    const controller = new AbortController()
    const aborted = Promise.withResolvers<void>()
    const tool = weather(
      (_, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener("abort", () => {
            aborted.resolve()
            resolve("late")
          })
          controller.abort()
        })
    )
    const error = await rejection(kimi.agent({ tools: [tool], prompt: "?" }, { signal: controller.signal }))
    assert.deepInclude(error, { name: "AbortError" })
    await aborted.promise
  })

  it("rejects for options that are invalid", async () => {
    await using kimi = clientOf([])
    assert.instanceOf(await rejection(kimi.agent({})), InvalidRequestError)
    const same = [weather(() => "a"), weather(() => "b")]
    assert.instanceOf(await rejection(kimi.agent({ tools: same, prompt: "?" })), ToolSchemaError)
  })
})
