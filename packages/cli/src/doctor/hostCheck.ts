/** Whether the host can be reached, accepts the key and serves the model. */
import * as HostApi from "@kimi-effect/client/HostApi"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { KimiError } from "@kimi-effect/core/KimiError"
import * as ModelCatalog from "@kimi-effect/core/ModelCatalog"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { Configuration } from "../configuration.ts"
import type { Check } from "../schemas/doctor.ts"
import { changeableAt, ofError, ok, problem, skipped, warning, within } from "./check.ts"
import * as Route from "./route.ts"

/** The base URLs of Moonshot's regions, which have separate keys. A test replaces them. */
export const Regions: Context.Reference<{ readonly [id: string]: string }> = Context.Reference<{
  readonly [id: string]: string
}>("@kimi-effect/cli/doctor/Regions", {
  defaultValue: () => ({ moonshot: "https://api.moonshot.ai/v1", "moonshot-cn": "https://api.moonshot.cn/v1" })
})

/** Lists the models at the host of a configuration. None if it does not answer in time. */
const modelsAt = (config: KimiConfig.Values) =>
  within(
    Effect.result(
      Effect.scoped(
        Effect.flatMap(
          Layer.build(Layer.provide(HostApi.layerHttp, Layer.succeed(KimiConfig.KimiConfig, config))),
          (context) => HostApi.models(Context.get(context, HostApi.HostApi))
        )
      )
    )
  )

/** The other region of Moonshot that accepts the key. Asked only where the host is Moonshot's own. */
const otherRegion = Effect.fnUntraced(function* (config: KimiConfig.Values) {
  const regions = yield* Regions
  const own = regions[config.provider]
  if (own === undefined || (config.baseUrl !== undefined && config.baseUrl.replace(/\/+$/, "") !== own))
    return undefined
  for (const [provider, baseUrl] of Object.entries(regions)) {
    if (provider === config.provider) continue
    const answer = yield* modelsAt({ ...config, provider: provider as KimiConfig.ProviderId, baseUrl })
    if (Option.exists(answer, Result.isSuccess)) return provider
  }
  return undefined
})

const keyProblem = Effect.fnUntraced(function* (found: Configuration, error: KimiError) {
  const { config } = found.settings
  const region = yield* otherRegion(config)
  return region === undefined
    ? ofError("key", error)
    : problem(
        "region",
        `The key belongs to ${region}, and the configured host is ${config.provider}`,
        `Set ${changeableAt(found, "provider")} to ${region}, or use a key of ${config.provider}.`
      )
})

const networkTags = new Set(["network", "timeout"])

const modelCheck = (model: string, ids: ReadonlyArray<string>, place: string): Check => {
  const lifecycle = ModelCatalog.find(model)?.lifecycle
  if (ids.includes(model)) {
    return lifecycle?.state === "live" && lifecycle.retiresOn !== undefined
      ? warning(
          "model",
          `${model} is served until ${lifecycle.retiresOn}`,
          `Change to ${lifecycle.successor ?? "another model"} before.`
        )
      : ok("model", `${model} is served`)
  }
  const successor = lifecycle?.successor ?? ids[0]
  return problem(
    "model",
    `${model} is not among the models of this key`,
    `Set ${place} to one that is, such as ${successor ?? "the default"}.`
  )
}

interface Found {
  readonly checks: ReadonlyArray<Check>
  /** Whether the host answered with a list of models. */
  readonly isReachable: boolean
}

const unreachable = (...checks: ReadonlyArray<Check>): Found => ({ isReachable: false, checks })

const noRoute = "Check the base URL, which often ends in /v1: the host has no list of models there."

const noAnswer = skipped("model", "The host does not answer")

const answers = (route: Route.Route): Check => ok("network", `The host answers, ${Route.describe(route)}`)

export const check = Effect.fnUntraced(function* (
  found: Configuration,
  model: string,
  route: Route.Route
): Effect.fn.Return<Found, never, HttpClient.HttpClient> {
  const answer = yield* modelsAt(found.settings.config)
  if (Option.isNone(answer)) return unreachable(Route.silence(route), noAnswer)
  if (Result.isSuccess(answer.value)) {
    const ids = answer.value.success.map(({ id }) => id)
    return { isReachable: true, checks: [answers(route), modelCheck(model, ids, changeableAt(found, "model"))] }
  }
  const error = answer.value.failure
  if (error.category === "authentication") {
    return unreachable(answers(route), yield* keyProblem(found, error), skipped("model", "The key is not accepted"))
  }
  if (error.category === "quota") {
    return unreachable(answers(route), ofError("balance", error), skipped("model", "The host refuses this account"))
  }
  if (networkTags.has(error.category)) return unreachable(Route.failure(error, route), noAnswer)
  const message = `${error.message} (${Route.describe(route)})`
  return unreachable(
    ofError("host", { message, hint: error.status === 404 ? noRoute : error.hint }),
    skipped("model", "The host does not list its models")
  )
})
