/** What tools cost, under the budget of the client. */
import { assert, describe, it } from "@effect/vitest"
import * as AgentLoop from "@kimi-effect/client/agent/AgentLoop"
import * as KimiTool from "@kimi-effect/client/agent/KimiTool"
import * as ToolSet from "@kimi-effect/client/agent/ToolSet"
import { HostApi } from "@kimi-effect/client/HostApi"
import * as KimiClient from "@kimi-effect/client/KimiClient"
import { providers } from "@kimi-effect/client/Provider"
import * as Accounting from "@kimi-effect/core/Accounting"
import * as Budget from "@kimi-effect/core/Budget"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { MockProvider, type Script } from "@kimi-effect/testing"
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import { hostApiOf } from "../support/hosts.ts"
import { calls, settled, toolTexts } from "./support/agent.ts"

/** A client with the caps of its configuration, or with services that are provided. */
const clientOf = (script: Script.Script, config: KimiConfig.Options = {}) =>
  KimiClient.layerTransport.pipe(
    Layer.provideMerge(MockProvider.layerTransport({ script })),
    Layer.provide(KimiConfig.layer({ apiKey: Redacted.make("sk-test"), model: "kimi-k3", ...config }))
  )

const LookUp = Tool.make("look_up", { success: Schema.String, failure: Schema.String, failureMode: "return" }).annotate(
  ToolSet.PricePerCall,
  0.25
)
const kit = Toolkit.make(LookUp)

/** A tool for a quarter of a dollar. */
const lookUp = (handler: Effect.Effect<string, string>) =>
  Effect.provide(ToolSet.make(kit), kit.toLayer({ look_up: () => handler }))

const request = { max_completion_tokens: 10 }

/** An agent that makes one call of a tool, and what it spent by the name of the tool or the model. */
const spentBy = <E, R>(tools: Effect.Effect<ToolSet.ToolSet, E, R>, name = "look_up") =>
  Effect.gen(function* () {
    const budget = yield* Budget.Budget
    const accounting = yield* Accounting.Accounting
    const result = yield* settled(AgentLoop.run({ tools: yield* tools, prompt: "Go", request, agent: "scout" }))
    const tool = (yield* accounting.entries).find((entry) => entry.tool === name)
    const state = yield* budget.state
    const ofModels = Accounting.total((yield* accounting.entries).filter((entry) => entry.tool === undefined))
    const spent = BigDecimal.subtract(
      state[0]?.spent ?? BigDecimal.fromBigInt(0n),
      ofModels.costs.get("USD") ?? BigDecimal.fromBigInt(0n)
    )
    return { result, tool: tool && [tool.agent, tool.attempts], spent: BigDecimal.format(BigDecimal.normalize(spent)) }
  }).pipe(
    Effect.provide(
      clientOf([calls([name, {}]), "Done"]).pipe(
        Layer.provideMerge(Budget.layer({ caps: [{ amount: "1", currency: "USD" }] })),
        Layer.provideMerge(Accounting.layer)
      )
    )
  )

describe("a tool with a price", () => {
  it.effect("is paid by the budget, for the agent that called it", () =>
    Effect.gen(function* () {
      const { spent, tool } = yield* spentBy(lookUp(Effect.succeed("found")))
      assert.deepStrictEqual([spent, tool], ["0.25", ["scout", 1]])
    })
  )

  it.effect("is free if it returns a failure", () =>
    Effect.gen(function* () {
      const { result, spent, tool } = yield* spentBy(lookUp(Effect.fail("not found")))
      assert.deepStrictEqual([spent, tool, toolTexts(result.messages)], ["0", undefined, ["not found"]])
    })
  )

  it.effect("is paid if its result does not match its schema, since it has run", () =>
    Effect.gen(function* () {
      const { result, spent, tool } = yield* spentBy(lookUp(Effect.succeed(3 as unknown as string)))
      assert.deepStrictEqual([spent, tool], ["0.25", ["scout", 1]])
      assert.match(toolTexts(result.messages)[0] ?? "", /does not match its schema/)
    })
  )

  for (const price of [Number.NaN, -1, Number.POSITIVE_INFINITY]) {
    it.effect(`is refused with the price ${price}`, () =>
      Effect.gen(function* () {
        const priced = Toolkit.make(Tool.make("look_up").annotate(ToolSet.PricePerCall, price))
        const layer = priced.toLayer({ look_up: () => Effect.void })
        const error = yield* Effect.flip(Effect.provide(ToolSet.make(priced), layer))
        assert.deepInclude(error, { _tag: "ToolSchemaError", message: error.message })
        assert.match(error.message, /look_up.*PricePerCall/)
      })
    )
  }

  it.effect("is not run under a cap of the configuration that it does not fit", () =>
    Effect.gen(function* () {
      const tools = yield* lookUp(Effect.die("it ran"))
      const result = yield* AgentLoop.run({ tools, prompt: "Go", request })
      assert.deepStrictEqual(toolTexts(result.messages), ["Error: The tool look_up failed with BudgetExceededError."])
    }).pipe(Effect.provide(clientOf([calls(["look_up", {}]), "Done"], { budget: "0.2 USD" })))
  )

  it.effect("counts under the caps of a client that is wrapped", () =>
    Effect.gen(function* () {
      const tools = yield* lookUp(Effect.die("it ran"))
      const inner = yield* KimiClient.KimiClient
      const wrapped = KimiClient.makeWith({
        effect: (call) => call(inner),
        stream: (call) => call(inner),
        text: (call) => call(inner)
      })
      const result = yield* Effect.provideService(
        AgentLoop.run({ tools, prompt: "Go", request }),
        KimiClient.KimiClient,
        wrapped
      )
      assert.match(toolTexts(result.messages)[0] ?? "", /BudgetExceededError/)
    }).pipe(Effect.provide(clientOf([calls(["look_up", {}]), "Done"], { budget: "0.2 USD", logLevel: "Error" })))
  )
})

describe("a formula with a price", () => {
  /** A host whose web search returns this fiber. */
  const search = (fiber: unknown) => searchOf(Effect.succeed(fiber))

  const searchOf = (fiber: Effect.Effect<unknown>) =>
    Effect.gen(function* () {
      return yield* ToolSet.make(yield* KimiTool.formula("web-search"))
    }).pipe(
      Effect.provideService(
        HostApi,
        hostApiOf(providers.moonshot, ({ method }) =>
          method === "POST"
            ? fiber
            : Effect.succeed({
                tools: [{ type: "function", function: { name: "web_search", parameters: { type: "object" } } }]
              })
        )
      )
    )

  it.effect("is paid once by the budget", () =>
    Effect.gen(function* () {
      const { result, spent, tool } = yield* spentBy(
        search({ status: "succeeded", context: { output: "found" } }),
        "web_search"
      )
      assert.deepStrictEqual([spent, tool, toolTexts(result.messages)], ["0.005", ["scout", 1], ["found"]])
    })
  )

  it.effect("is paid if it exceeds its timeout, since the host may have run it", () =>
    Effect.gen(function* () {
      const { result, spent, tool } = yield* spentBy(searchOf(Effect.never), "web_search")
      assert.deepStrictEqual([spent, tool], ["0.005", ["scout", 1]])
      assert.match(toolTexts(result.messages)[0] ?? "", /"status":"timeout"/)
    })
  )

  it.effect("is free if the host reports a failure", () =>
    Effect.gen(function* () {
      const { spent, tool } = yield* spentBy(search({ status: "failed" }), "web_search")
      assert.deepStrictEqual([spent, tool], ["0", undefined])
    })
  )

  it.effect("is refused for the model without the amounts of the budget", () =>
    Effect.gen(function* () {
      const tools = yield* search({ status: "succeeded" })
      const result = yield* AgentLoop.run({ tools, prompt: "Go", request })
      assert.match(toolTexts(result.messages)[0] ?? "", /"status":"BudgetExceededError","reason":"The budget refused/)
    }).pipe(Effect.provide(clientOf([calls(["web_search", {}]), "Done"], { budget: "0.004 USD" })))
  )
})
