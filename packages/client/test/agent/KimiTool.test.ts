import { assert, describe, it } from "@effect/vitest"
import { RateLimitError } from "@kimi-effect/core/RateLimitErrors"
import * as PriceTable from "@kimi-effect/core/PriceTable"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import * as KimiTool from "../../src/agent/KimiTool.ts"
import * as ToolSet from "../../src/agent/ToolSet.ts"
import { HostApi, type HostRequest } from "../../src/HostApi.ts"
import { providers } from "../../src/Provider.ts"
import { hostApiOf } from "../support/hosts.ts"

const moonshot = { provider: providers.moonshot }

const functionOf = (name: string) => ({
  type: "function",
  function: {
    name,
    description: "D",
    // Definitions of a host are sent back unchanged, even with keywords that it ignores.
    parameters: { type: "object", properties: { q: { type: "string", format: "x" } } }
  }
})

/** A host whose formulas have a function each, and whose calls end like `fiber`. */
const host = (fiber: unknown, sent: Array<HostRequest> = [], provider = providers.moonshot) =>
  hostApiOf(provider, (request) => {
    sent.push(request)
    if (request.method === "POST")
      return Effect.isEffect(fiber) ? (fiber as Effect.Effect<unknown>) : Effect.succeed(fiber)
    const name = /moonshot\/(.*):latest/.exec(request.path)?.[1] ?? "custom"
    return Effect.succeed({ object: "list", tools: [functionOf(name.replaceAll("-", "_"))] })
  })

/** Calls the web search of a host whose calls end like `fiber`. */
const search = (fiber: unknown, sent: Array<HostRequest> = [], provider = providers.moonshot) =>
  Effect.gen(function* () {
    const set = yield* ToolSet.make(yield* KimiTool.formula("web-search"), { provider })
    const decoded = yield* set.decode({ name: "web_search", arguments: '{"q":"x"}', callId: "1" })
    return yield* set.run(decoded)
  }).pipe(Effect.provideService(HostApi, host(fiber, sent, provider)))

describe("KimiTool.formulas", () => {
  const formulas = (names: ReadonlyArray<KimiTool.Formula>, sent: Array<HostRequest> = []) =>
    Effect.provideService(KimiTool.formulas(names), HostApi, host({}, sent))

  it.effect("reads the functions of official formulas by their short names", () =>
    Effect.gen(function* () {
      const sent: Array<HostRequest> = []
      const { tools } = yield* formulas(["web-search", "code-runner"], sent)
      assert.deepStrictEqual(Object.keys(tools), ["web_search", "code_runner"])
      assert.deepStrictEqual(
        sent.map(({ method, path }) => `${method} ${path}`),
        ["GET /formulas/moonshot/web-search:latest/tools", "GET /formulas/moonshot/code-runner:latest/tools"]
      )
    })
  )

  it.effect("sends definitions as the host wrote them", () =>
    Effect.gen(function* () {
      const set = yield* ToolSet.make(yield* formulas(["date"]), moonshot)
      assert.deepStrictEqual<unknown>(set.definitions, [functionOf("date")])
    })
  )

  it.effect("refuses two functions of the same name", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(formulas(["a/x:1", "a/y:1"]))
      assert.deepInclude(error, {
        _tag: "ToolSchemaError",
        message: "Two functions of the formulas are named custom"
      })
    })
  )

  it.effect.each(["a/../../users:1", "../users:1", "./users:1"] as const)("refuses the uri %s", (uri) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(formulas([uri]))
      assert.strictEqual(error._tag, "InvalidRequestError")
    })
  )

  it.effect("fails at a host without formulas", () =>
    Effect.gen(function* () {
      const api = host({}, [], providers.ollama)
      const error = yield* Effect.flip(Effect.provideService(KimiTool.formula("date"), HostApi, api))
      assert.strictEqual(error._tag, "UnsupportedOperationError")
    })
  )
})

describe("a call of a formula", () => {
  it.effect("sends the name with the arguments as text", () =>
    Effect.gen(function* () {
      const sent: Array<HostRequest> = []
      yield* search({ status: "succeeded", context: { output: "found" } }, sent)
      assert.deepInclude(sent[1], {
        method: "POST",
        path: "/formulas/moonshot/web-search:latest/fibers",
        body: { _tag: "Json", value: { name: "web_search", arguments: '{"q":"x"}' } }
      })
    })
  )

  it.effect("returns an encrypted output unchanged", () =>
    Effect.gen(function* () {
      const encrypted = '----MOONSHOT ENCRYPTED BEGIN----"\n\\----MOONSHOT ENCRYPTED END----'
      const { content } = yield* search({ status: "succeeded", context: { encrypted_output: encrypted } })
      assert.strictEqual(content, encrypted)
    })
  )

  it.effect("costs what the price table contains", () =>
    Effect.gen(function* () {
      const fiber = { status: "succeeded", context: { output: "found" } }
      assert.strictEqual((yield* search(fiber)).cost, 0.005)
      const own = { tool: "$web_search", provider: "moonshot", currency: "USD" as const, perCall: "0.002" }
      const { cost } = yield* Effect.provide(search(fiber), PriceTable.layer({ tools: [own] }))
      assert.strictEqual(cost, 0.002)
    })
  )

  it.effect("has no cost where no price is known", () =>
    Effect.gen(function* () {
      const fiber = { status: "succeeded", context: { output: "found" } }
      assert.isUndefined((yield* search(fiber, [], providers["moonshot-cn"])).cost)
    })
  )

  const failures: Record<string, readonly [fiber: unknown, status: string, reason: string]> = {
    "an error beside the status": [{ status: "failed", error: "no network" }, "failed", "no network"],
    "an error in the context": [{ status: "failed", context: { error: { code: 3 } } }, "failed", '{"code":3}'],
    "no reason": [{ status: "canceled" }, "canceled", "The host gave no reason"],
    "a refusal of the host": [
      Effect.fail(new RateLimitError({ kind: "unknown", message: "slow down", provider: "moonshot" })),
      "RateLimitError",
      "slow down"
    ]
  }
  for (const [name, [fiber, status, reason]] of Object.entries(failures)) {
    it.effect(`reports ${name} to the model`, () =>
      Effect.gen(function* () {
        const result = yield* search(fiber)
        assert.isTrue(result.isFailure)
        assert.isUndefined(result.cost)
        assert.deepStrictEqual<unknown>(result.encoded, { _tag: "FormulaFailure", status, reason })
      })
    )
  }

  it.effect("ends after its timeout", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(search(Effect.never), { startImmediately: true })
      yield* TestClock.adjust("119 seconds")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.deepInclude((yield* Fiber.join(fiber)).encoded, { status: "timeout" })
    })
  )
})

describe("KimiTool.webSearch", () => {
  const kit = Toolkit.make(KimiTool.webSearch)

  it.effect("is a tool of the host", () =>
    Effect.gen(function* () {
      const set = yield* ToolSet.make(kit, moonshot)
      assert.deepStrictEqual(set.definitions, [{ type: "builtin_function", function: { name: "$web_search" } }])
    })
  )

  it.effect("returns the arguments unchanged", () =>
    Effect.gen(function* () {
      const set = yield* ToolSet.make(kit, moonshot)
      const text = '{ "search_result" : { "search_id": "a" } }'
      const result = yield* Effect.flatMap(
        set.decode({ name: "$web_search", arguments: text, callId: "1" }),
        (decoded) => set.run(decoded)
      )
      assert.strictEqual(result.content, text)
    })
  )

  it.effect("is refused at hosts that do not have it", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(ToolSet.make(kit, { provider: providers.together }))
      assert.strictEqual(error._tag, "ToolSchemaError")
    })
  )
})
