/** What a program in JavaScript gives to layers in place of their options. */
import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as BudgetStore from "@kimi-effect/core/BudgetStore"
import * as CacheStore from "@kimi-effect/core/CacheStore"
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as Health from "@kimi-effect/core/Health"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as LiveConfig from "@kimi-effect/core/LiveConfig"
import * as Observer from "@kimi-effect/core/Observer"
import * as Redis from "@kimi-effect/core/Redis"
import { CassetteStore, MockProvider } from "@kimi-effect/testing"
import { Cause, ConfigProvider, Effect, Exit, Layer, Redacted } from "effect"
import { HttpRouter } from "effect/http"

const config = { apiKey: Redacted.make("sk-test") }

/** The services that layers need, so that each of them is built. */
const services = Layer.mergeAll(
  LiveConfig.layer(config),
  MockProvider.layerHttp(),
  Observer.layer(),
  Health.layer([]),
  CacheStore.layer(),
  BudgetStore.layer(),
  CassetteStore.layer(),
  HttpRouter.layer,
  MockProvider.layerClient(),
  MockProvider.layerTransport(),
  Layer.mock(Redis.Redis)({}),
  // Without the environment of the process: no key, no store.
  ConfigProvider.layer(ConfigProvider.fromUnknown({}))
).pipe(Layer.provideMerge(KimiConfig.layer(config)))

type AnyLayer = Layer.Layer<never, unknown, Layer.Success<typeof services>>
type MakeLayer = (options?: unknown) => AnyLayer

/** The functions of public modules that make a layer, by their names. */
const layersOf = async (name: string): Promise<ReadonlyArray<readonly [name: string, make: MakeLayer]>> => {
  const folder = new URL(`../../../${name}/`, import.meta.url)
  const { exports } = JSON.parse(readFileSync(new URL("package.json", folder), "utf8")) as {
    readonly exports: Readonly<Record<string, string>>
  }
  const layers: Array<readonly [string, MakeLayer]> = []
  for (const [path, file] of Object.entries(exports)) {
    if (!file.endsWith(".ts") || /internal|contract/.test(path) || file.endsWith("index.ts")) continue
    const module = (await import(new URL(file, folder).href)) as Readonly<Record<string, unknown>>
    for (const [member, value] of Object.entries(module)) {
      if (!/^layer([A-Z]|$)/.test(member) || typeof value !== "function") continue
      layers.push([`${name}${path.slice(1)}.${member}`, value as MakeLayer])
    }
  }
  return layers
}

/** Why a layer cannot be built: its configuration error, or what else it failed with. */
const failureOf = (make: () => AnyLayer): Effect.Effect<unknown> =>
  Effect.scoped(Effect.suspend(() => Layer.build(make()))).pipe(
    Effect.provide(services),
    Effect.exit,
    Effect.map((exit) => (Exit.isSuccess(exit) ? undefined : Cause.squash(exit.cause)))
  )

/** Their first argument is no object of options, or an optional one that is read later. */
const withoutOptions: ReadonlySet<string> = new Set(["core/Pipeline.layer"])

const messageOf = (name: string, failure: unknown): string => `${name}: ${String(failure)}`

for (const name of ["core", "client", "testing"]) {
  const layers = await layersOf(name)

  describe(`the layers of ${name}`, () => {
    it("are found", () => {
      assert.isAbove(layers.length, 5)
    })

    for (const [given, args] of [
      ["no options", []],
      ["null", [null]],
      ["options that are empty", [{}]]
    ] as const) {
      it.live(`name the options that are required when they get ${given}`, () =>
        Effect.forEach(layers, ([layer, make]) =>
          Effect.map(
            failureOf(() => make(...args)),
            (failure) => {
              if (failure === undefined) return
              assert.instanceOf(failure, ConfigurationError, messageOf(layer, failure))
              for (const issue of failure.issues) assert.match(issue.name, /[A-Za-z]{3}/, layer)
            }
          )
        )
      )
    }

    it.live("refuse a text in place of their options", () =>
      Effect.forEach(layers, ([layer, make]) =>
        Effect.map(
          failureOf(() => make("sk-0123456789")),
          (failure) => {
            if (withoutOptions.has(layer)) return
            assert.instanceOf(failure, ConfigurationError, messageOf(layer, failure))
            assert.notInclude(failure.message, "sk-0123456789")
            for (const issue of failure.issues) assert.match(issue.name, /[A-Za-z]{3}/, layer)
          }
        )
      )
    )
  })
}
