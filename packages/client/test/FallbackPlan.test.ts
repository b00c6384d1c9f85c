/** The accounts and steps of a fallback plan. */
import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type * as Fallback from "@kimi-effect/core/Fallback"
import { Duration, Effect, Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import * as ChatTransport from "../src/ChatTransport.ts"
import * as FallbackPlan from "../src/FallbackPlan.ts"
import * as HostApi from "../src/HostApi.ts"
import { providers } from "../src/Provider.ts"

const key = "sk-own-0123456789"
const apiKey = Redacted.make(key)
const other = Redacted.make("sk-other-0123456789")

/** The plan of a client with these options. */
const plan = (steps: ReadonlyArray<FallbackPlan.Step>, options: KimiConfig.Options = {}) =>
  FallbackPlan.make(steps).pipe(
    Effect.provide(
      ChatTransport.layerHttp.pipe(
        Layer.provideMerge(KimiConfig.layer({ apiKey, ...options })),
        Layer.provideMerge(FetchHttpClient.layer)
      )
    )
  )

const accountsOf = ({ steps }: { readonly steps: ReadonlyArray<Fallback.Step> }) => steps.map(({ account }) => account)

const issuesOf = (steps: ReadonlyArray<FallbackPlan.Step>, options?: KimiConfig.Options) =>
  Effect.map(Effect.flip(plan(steps, options)), ({ issues }) => issues.map(({ name }) => name))

const transport = (provider = providers.together): ChatTransport.ChatTransport["Service"] => ({
  provider,
  chat: () => Effect.never,
  stream: () => assert.fail("not asked")
})

describe("the accounts of a fallback plan", () => {
  it.effect("are the client's own for steps with the same key at its host", () =>
    Effect.gen(function* () {
      const { steps, transports } = yield* plan(
        [
          { model: "kimi-k2.6" },
          { provider: "moonshot", apiKey: Redacted.make(key), account: "unused" },
          { baseUrl: "https://proxy.example/v1/", apiKey }
        ],
        { baseUrl: "https://proxy.example/v1" }
      )
      assert.deepStrictEqual(accountsOf({ steps }), ["moonshot", "moonshot", "moonshot"])
      assert.deepStrictEqual([...transports.keys()], ["moonshot"])
    })
  )

  it.effect("are one for all steps with the same key at a host", () =>
    Effect.gen(function* () {
      const made = yield* plan([
        { apiKey: other },
        { provider: "moonshot-cn", apiKey },
        { provider: "together", apiKey: other },
        { provider: "together", apiKey: Redacted.make(Redacted.value(other)), model: "house-model" },
        { provider: "ollama" }
      ])
      assert.deepStrictEqual(accountsOf(made), ["moonshot-2", "moonshot-cn", "together", "together", "ollama"])
      assert.deepStrictEqual(
        [...made.transports].map(([id, { provider }]) => [id, provider.id, provider.baseUrl]),
        [
          ["moonshot", "moonshot", "https://api.moonshot.ai/v1"],
          ["moonshot-2", "moonshot", "https://api.moonshot.ai/v1"],
          ["moonshot-cn", "moonshot-cn", "https://api.moonshot.cn/v1"],
          ["together", "together", "https://api.together.xyz/v1"],
          ["ollama", "ollama", "http://localhost:11434/v1"]
        ]
      )
    })
  )

  it.effect("have the configured names, made unique", () =>
    Effect.gen(function* () {
      const made = yield* plan([
        { apiKey: other, account: "spare" },
        { provider: "together", apiKey: other, account: "spare" },
        { provider: "openrouter", apiKey: other, account: "spare" },
        { provider: "moonshot-cn", apiKey: other, account: "moonshot" }
      ])
      assert.deepStrictEqual(accountsOf(made), ["spare", "spare-2", "spare-3", "moonshot-2"])
      assert.deepStrictEqual(
        made.steps.map(({ provider }) => provider),
        ["moonshot", "together", "openrouter", "moonshot-cn"]
      )
    })
  )

  it.effect("do not use the name of the client's own account", () =>
    Effect.gen(function* () {
      const made = yield* plan([{ model: "kimi-k2.6" }, { apiKey: other }, { apiKey: other, provider: "together" }], {
        account: "together"
      })
      assert.deepStrictEqual(accountsOf(made), ["together", "moonshot", "together-2"])
      assert.deepStrictEqual([...made.transports.keys()], ["together", "moonshot", "together-2"])
      assert.isUndefined(made.configs.get("moonshot")?.account)
    })
  )

  it.effect("can be transports, one account each", () =>
    Effect.gen(function* () {
      const mock = transport()
      const made = yield* plan([{ transport: mock }, { transport: mock, model: "m" }, { transport: transport() }])
      assert.deepStrictEqual(accountsOf(made), ["together", "together", "together-2"])
      assert.strictEqual(made.transports.get("together"), mock)
    })
  )
})

describe("the host API of an account", () => {
  it.effect("is that of the step for a transport", () =>
    Effect.gen(function* () {
      const hostApi = HostApi.unsupported(providers.together)
      const { hostApis } = yield* plan([{ transport: transport(), hostApi, account: "recorded" }])
      assert.strictEqual(hostApis.get("recorded"), hostApi)
    })
  )

  it.effect("offers nothing for a transport without one", () =>
    Effect.gen(function* () {
      const { hostApis } = yield* plan([{ transport: transport(), account: "recorded" }])
      const api = hostApis.get("recorded")
      if (api === undefined) return assert.fail("no host API")
      assert.strictEqual((yield* Effect.flip(HostApi.models(api)))._tag, "UnsupportedOperationError")
    })
  )

  it.effect("calls the host of the step over HTTP", () =>
    Effect.gen(function* () {
      const { hostApis } = yield* plan([{ provider: "together", apiKey: other }])
      assert.strictEqual(hostApis.get("together")?.provider.baseUrl, "https://api.together.xyz/v1")
    })
  )
})

describe("the options that a step inherits", () => {
  it.effect("include the base URL only at the same provider", () =>
    Effect.gen(function* () {
      const made = yield* plan([{ apiKey: other }, { provider: "together", apiKey: other }], {
        baseUrl: "https://proxy.example/v1"
      })
      assert.strictEqual(made.transports.get("moonshot-2")?.provider.baseUrl, "https://proxy.example/v1")
      assert.strictEqual(made.transports.get("together")?.provider.baseUrl, "https://api.together.xyz/v1")
    })
  )

  it.effect("include the key only at the same base URL of the same provider", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* issuesOf([{ provider: "together" }]), ["steps[0].apiKey"])
      assert.deepStrictEqual(yield* issuesOf([{ provider: "moonshot-cn" }]), ["steps[0].apiKey"])
      const ownUrl = "https://api.moonshot.ai/v1"
      assert.deepStrictEqual(yield* issuesOf([{ provider: "together", baseUrl: ownUrl }]), ["steps[0].apiKey"])
      assert.deepStrictEqual(yield* issuesOf([{ baseUrl: "https://proxy.example/v1" }]), ["steps[0].apiKey"])
      assert.deepStrictEqual(yield* issuesOf([{ baseUrl: ownUrl }], { baseUrl: "https://proxy.example/v1" }), [
        "steps[0].apiKey"
      ])
    })
  )

  it.effect("exclude the limits of the account", () =>
    Effect.gen(function* () {
      const { configs } = yield* plan(
        [
          { model: "kimi-k2.6", tier: 4 },
          { apiKey: other, tokensPerMinute: 7 },
          { provider: "together", apiKey: other, tier: 2 },
          { transport: transport(), maxConcurrency: 3 }
        ],
        { tier: 1, maxConcurrency: 9, admissionMaxWait: "7 seconds", maxEventBytes: 1_000 }
      )
      assert.deepStrictEqual(
        [...configs].map(([id, { maxConcurrency, tier, tokensPerMinute }]) => [
          id,
          tier,
          maxConcurrency,
          tokensPerMinute
        ]),
        [
          ["moonshot", 1, 9, undefined],
          ["moonshot-2", undefined, undefined, 7],
          ["together", 2, undefined, undefined],
          ["together-2", undefined, 3, undefined]
        ]
      )
      for (const config of configs.values()) {
        assert.deepStrictEqual([config.maxEventBytes, config.admissionMaxWait], [1_000, Duration.seconds(7)])
      }
      assert.isUndefined(configs.get("together-2")?.apiKey)
    })
  )

  it.effect("exclude allowPlainHttp at another host", () =>
    Effect.gen(function* () {
      const options = { provider: "custom", baseUrl: "http://one.example/v1", allowPlainHttp: true } as const
      assert.deepStrictEqual(yield* issuesOf([{ baseUrl: "http://two.example/v1" }], options), ["steps[0].baseUrl"])
      const made = yield* plan([{ apiKey: other }, { baseUrl: "http://two.example/v1", allowPlainHttp: true }], options)
      assert.deepStrictEqual(accountsOf(made), ["custom-2", "custom-3"])
    })
  )

  it.effect("include the model of the call only at the same provider", () =>
    Effect.gen(function* () {
      const { steps } = yield* plan(
        [
          { apiKey: other },
          { provider: "together", apiKey: other },
          { provider: "together", apiKey: other, model: "moonshotai/Kimi-K2.6" },
          { transport: transport(providers.moonshot) },
          { transport: transport(providers.openrouter) }
        ],
        { model: "kimi-k2.6" }
      )
      assert.deepStrictEqual(
        steps.map(({ model }) => model),
        [undefined, "moonshotai/Kimi-K2.5", "moonshotai/Kimi-K2.6", undefined, "moonshotai/kimi-k2.5"]
      )
    })
  )
})

describe("the request check of a step", () => {
  const asked = { model: "kimi-k3", messages: [{ role: "user" as const, content: "Hi" }], temperature: 0.3 }

  const checked = (step: FallbackPlan.Step, request: Parameters<Fallback.Step["check"]>[0], options = {}) =>
    Effect.flatMap(plan([step], options), ({ steps: [first] }) =>
      first === undefined ? assert.fail("a step was expected") : Effect.exit(first.check(request))
    )

  it.effect("applies the rules of its host", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* checked({ apiKey: other }, asked))._tag, "Failure")
      assert.strictEqual((yield* checked({ provider: "together", apiKey: other }, asked))._tag, "Success")
    })
  )

  it.effect("uses the client's policy unless the step has one", () =>
    Effect.gen(function* () {
      const repairing = { requestPolicy: "repair" } as const
      assert.strictEqual((yield* checked({ apiKey: other }, asked, repairing))._tag, "Success")
      assert.strictEqual((yield* checked({ apiKey: other, ...repairing }, asked))._tag, "Success")
      const strict = { apiKey: other, requestPolicy: "reject" } as const
      assert.strictEqual((yield* checked(strict, asked, repairing))._tag, "Failure")
    })
  )

  it.effect("removes extra_body at another provider", () =>
    Effect.gen(function* () {
      const plain = { model: "kimi-k3", messages: asked.messages }
      const request = { ...plain, extra_body: { house: true } }
      const same = yield* checked({ apiKey: other }, request)
      assert.deepStrictEqual(
        same.pipe((exit) => exit._tag === "Success" && exit.value),
        request
      )
      const away = yield* checked({ provider: "together", apiKey: other }, request)
      assert.deepStrictEqual(
        away.pipe((exit) => exit._tag === "Success" && exit.value),
        plain
      )
    })
  )
})

describe("an invalid plan", () => {
  it.effect("fails with the issues of all steps, without keys", () =>
    Effect.gen(function* () {
      const secret = "sk canary with spaces"
      const error = yield* Effect.flip(
        plan([
          { model: "kimi-k2.6" },
          { provider: "together" },
          { apiKey: Redacted.make(secret), baseUrl: "ftp://host" },
          { model: "", on: ["OverloadedError", "NoSuchError" as "OverloadedError"] },
          { transport: transport(), maxConcurrency: 0 }
        ])
      )
      assert.strictEqual(error._tag, "ConfigurationError")
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        [
          "steps[1].apiKey",
          "steps[2].apiKey",
          "steps[2].baseUrl",
          "steps[3].model",
          "steps[3].on",
          "steps[4].maxConcurrency"
        ]
      )
      assert.notInclude(`${error.message} ${inspect(error)} ${JSON.stringify(error)}`, "canary")
    })
  )
})
