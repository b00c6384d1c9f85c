/** Lists the models of the catalogue, or those of the account. */
import { currencySymbols } from "@kimi-effect/core/internal/CurrencySymbols"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import * as ModelCatalog from "@kimi-effect/core/ModelCatalog"
import * as ConfigProvider from "effect/ConfigProvider"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { wrongFlag } from "../commandError.ts"
import type { Given } from "../optionFlags.ts"
import * as Output from "../output.ts"
import type { Model, Models, Price } from "../schemas/models.ts"
import * as UserFile from "../userFile.ts"

interface Input {
  readonly live: boolean
  readonly all: boolean
  readonly json: boolean
  readonly options: Given
}

/** The price of today at each host. */
const pricesOf = (model: ModelCatalog.KnownModel, day: string): ReadonlyArray<Price> => {
  const hosts = [...new Set(model.prices.map(({ provider }) => provider))]
  return hosts.flatMap((host) => {
    const price = ModelCatalog.priceOf(model.id, host, day)
    return price === undefined ? [] : [price]
  })
}

const fromCatalog = (model: ModelCatalog.KnownModel, day: string): Model => {
  const { lifecycle } = model
  const ends = lifecycle.state === "live" ? lifecycle.retiresOn : lifecycle.retiredOn
  return {
    id: model.id,
    contextWindow: model.contextWindow,
    state: lifecycle.state === "live" && ends !== undefined ? "retiring" : lifecycle.state,
    ...(ends === undefined ? {} : { retiresOn: ends }),
    ...(lifecycle.successor === undefined ? {} : { successor: lifecycle.successor }),
    ...(model.defaultMaxOutput === undefined ? {} : { defaultMaxOutput: model.defaultMaxOutput }),
    image: model.capabilities.image,
    video: model.capabilities.video,
    batch: model.capabilities.batch,
    prices: pricesOf(model, day)
  }
}

/** What is known of a model that is not in the catalogue. */
const unknownModel: Model = {
  id: "",
  contextWindow: 0,
  state: "live",
  image: false,
  video: false,
  batch: false,
  prices: []
}

/** The models of the account, with what the catalogue knows of them. */
const fromHost = Effect.fnUntraced(function* (options: Given, day: string) {
  const { withClient } = yield* loadModule(() => import("../client.ts"))
  const listed = yield* withClient(options, (kimi) => kimi.models)
  return listed.map(({ context_length, id, supports_image_in, supports_video_in }): Model => {
    const known = ModelCatalog.find(id)
    const base = known === undefined ? unknownModel : fromCatalog(known, day)
    return {
      ...base,
      id,
      contextWindow: context_length ?? base.contextWindow,
      image: supports_image_in ?? base.image,
      video: supports_video_in ?? base.video
    }
  })
})

const priceText = ({ cacheHit, cacheMiss, currency, output }: Price): string =>
  [cacheHit ?? "-", cacheMiss, output]
    .map((text) => (text === "-" ? text : currencySymbols[currency] + text))
    .join(" / ")

const stateText = ({ retiresOn, state, successor }: Model): string => {
  if (state === "live") return "live"
  const next = successor === undefined ? "" : `, use ${successor}`
  return `${state === "retired" ? "retired" : "until"} ${retiresOn}${next}`
}

const toTable = (models: ReadonlyArray<Model>): string =>
  Output.table(
    [
      ["MODEL", "WINDOW", "BATCHES", "CACHED / INPUT / OUTPUT PER MTOK", "STATE"],
      ...models.map((model) => [
        Output.plain(model.id),
        model.contextWindow.toLocaleString("en-US"),
        model.batch ? "yes" : "no",
        model.prices.map(priceText).join("  ") || "unknown",
        stateText(model)
      ])
    ],
    [1]
  )

/** The catalogue has no facts of other hosts, whose models have other names and prices. */
const ofMoonshot = (provider: string): string =>
  `These are the models and prices of Moonshot; those of ${provider} are not known. kimi models --live lists the models of the configured host.`

/** Whether an option has a value, but for the key: to read the configuration takes longer than the catalogue. */
const isConfigured = ({ flags, ...files }: Given) =>
  Effect.gen(function* () {
    const given: ReadonlyArray<Option.Option<unknown>> = [...Object.values(flags), ...Object.values(files)]
    if (given.some((value) => Option.isSome(value)) || (yield* UserFile.find) !== undefined) return true
    const provider = yield* ConfigProvider.ConfigProvider
    const nodes = yield* Effect.forEach([["KIMI"], ["kimi"]], (path) => provider.load(path))
    return nodes.some((node) => node?._tag === "Record" && [...node.keys].some((name) => name !== "API"))
  })

/** An option that is wrong is wrong in every command. */
const providerOf = Effect.fnUntraced(function* (options: Given) {
  const { loadWithoutKey } = yield* loadModule(() => import("../configuration.ts"))
  return (yield* loadWithoutKey(options)).settings.config.provider
})

export const run = Effect.fnUntraced(function* ({ all, json, live, options }: Input) {
  if (live && all) return yield* Effect.fail(wrongFlag("--all", "no --live: the host lists the models that it runs"))
  const provider = live || !(yield* isConfigured(options)) ? undefined : yield* providerOf(options)
  const day = DateTime.formatIsoDateUtc(yield* DateTime.now)
  const known = ModelCatalog.knownModels.filter(({ lifecycle }) => all || lifecycle.state === "live")
  const models = live ? yield* fromHost(options, day) : known.map((model) => fromCatalog(model, day))
  const result: Models = { source: live ? "host" : "catalogue", day, models }
  yield* json ? Output.json(result) : Output.line(toTable(models))
  if (provider !== undefined && !provider.startsWith("moonshot")) yield* Output.note(ofMoonshot(provider))
})
