/** Whether each store of the configuration can be used. Each is opened alone, so that one that is broken hides no other. */
import { KimiClient } from "@kimi-effect/client/KimiClient"
import * as KimiNode from "@kimi-effect/client/node/KimiNode"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import type { HealthCheck } from "@kimi-effect/core/Health"
import * as HealthSettings from "@kimi-effect/core/HealthSettings"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { ComponentHealth, SystemHealth } from "@kimi-effect/core/SystemHealth"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { Configuration } from "../configuration.ts"
import * as OutputFile from "../outputFile.ts"
import type { Check } from "../schemas/doctor.ts"
import { type StorePlace, trialPath } from "./newStore.ts"
import { ok, placeOf, problem, setTo, unanswered, within } from "./check.ts"

/** The options that name a store. */
const stores = ["cache", "limits", "circuits", "budgetStore", "auditLog"] as const

type Store = (typeof stores)[number]

/** The components of the health that a store has. */
const components: { readonly [S in Store]: ReadonlyArray<string> } = {
  cache: ["cache", "redis"],
  limits: ["redis"],
  circuits: ["redis"],
  budgetStore: ["budget", "redis"],
  auditLog: ["audit"]
}

const isOutside = (config: KimiConfig.Values, name: Exclude<Store, "auditLog">): boolean =>
  config[name]._tag !== "Off" && config[name]._tag !== "Memory"

/** Whether a store is used, and is not the memory of the process. */
const isUsed = (config: KimiConfig.Values, name: Store): boolean => {
  if (name === "auditLog") return config.auditLog !== undefined
  if (name === "budgetStore") return config.budget.length > 0 && isOutside(config, name)
  return isOutside(config, name) && (name !== "circuits" || config.breaker)
}

/** The options of a client without stores, at one account. */
export const withoutStores = (config: KimiConfig.Values): KimiConfig.Options => {
  const { budget, cache, circuits, fallback, limits } = KimiConfig.defaults
  return { ...config, budget, cache, circuits, fallback, limits, auditLog: undefined, budgetStore: undefined }
}

/** The place of a store on the disk. */
const onDisk = (config: KimiConfig.Values, name: Store): StorePlace | undefined => {
  if (name === "auditLog") return config.auditLog === undefined ? undefined : { path: config.auditLog, kind: "file" }
  const store = config[name]
  return "path" in store ? { path: store.path, kind: store._tag === "File" ? "folder" : "file" } : undefined
}

/** The same store at another path. */
const at = (config: KimiConfig.Values, name: Store, path: string): KimiConfig.Values => {
  const store = config[name]
  return { ...config, [name]: typeof store === "object" ? { ...store, path } : path }
}

const withOne = (config: KimiConfig.Values, name: Store): KimiConfig.Options => ({
  ...withoutStores(config),
  budget: name === "budgetStore" ? config.budget : KimiConfig.defaults.budget,
  [name]: config[name]
})

/** The host has been checked, and is not asked again for each store. */
const hostChecks = ({ account, provider }: KimiConfig.Values): ReadonlyArray<HealthCheck> =>
  ["host", "balance"].map((name) => ({
    name,
    account: account ?? provider,
    role: "supporting",
    check: Effect.succeed({ status: "healthy", code: "Ok", message: "" })
  }))

const healthWith = (config: KimiConfig.Values, name: Store): Effect.Effect<SystemHealth, ConfigurationError> =>
  Effect.flatMap(KimiClient, (kimi) => kimi.health).pipe(
    Effect.provide(KimiNode.layer(withOne(config, name))),
    Effect.provideService(HealthSettings.HealthSettings, { checks: hostChecks(config) })
  )

/** What is wrong, in the words of the component that knows it best. */
const reasonOf = ({ details, message, name }: ComponentHealth): string => {
  const reason = details?.["failure"] ?? details?.["reason"]
  if (typeof reason !== "string") return message
  return name === "redis" ? `Redis cannot be used (${reason})` : reason
}

/**
 * Why the file of a cache cannot be created. The cache waits for it no longer than a
 * call may, and then knows only that it had no answer.
 */
const fileReason = ({ cache }: KimiConfig.Values, flag: string) =>
  cache._tag === "Sqlite"
    ? Effect.match(OutputFile.check({ flag, path: cache.path }), {
        onFailure: ({ message }) => message,
        onSuccess: () => undefined
      })
    : Effect.succeed(undefined)

const correctPath = (place: string): string => `Correct the path of ${place}, its permissions or its disk.`

/** A store that has counted what is spent under a cap can be used: the check of the budget reports the amounts. */
const isOfCaps = ({ code, name }: ComponentHealth): boolean =>
  name === "budget" && (code === "Exhausted" || code === "Low")

const checkAt = Effect.fnUntraced(function* (
  found: Configuration,
  name: Store,
  config: KimiConfig.Values
): Effect.fn.Return<ReadonlyArray<Check>, never, FileSystem.FileSystem> {
  const place = placeOf(found, name)
  const answer = yield* within(Effect.result(healthWith(config, name)))
  if (Option.isNone(answer)) {
    return [problem("stores", `${name}: The store ${unanswered}`, `Check that the store of ${place} can be reached.`)]
  }
  const health = answer.value
  if (Result.isFailure(health)) {
    const variable = KimiConfig.variableName(name)
    return health.failure.issues.map(({ expected, name: option }) =>
      problem("stores", `${name}: ${option === variable ? place : option} cannot be used`, setTo(expected))
    )
  }
  const failed = health.success.components.filter(
    (component) => components[name].includes(component.name) && component.status !== "healthy" && !isOfCaps(component)
  )
  // The connection knows why the service on it fails.
  const cause = failed.find((component) => component.name === "redis") ?? failed[0]
  if (cause === undefined) return []
  const fix =
    cause.name === "redis" ? `Start the Redis of ${place}, or correct its URL and credentials.` : correctPath(place)
  const reason = cause.name === "cache" ? yield* fileReason(config, place) : undefined
  return [problem("stores", `${name}: ${reason ?? reasonOf(cause)}`, fix)]
})

interface Checked {
  readonly name: Store
  readonly isNew: boolean
  readonly problems: ReadonlyArray<Check>
}

const inWords = (check: Check, words: (text: string) => string): Check => ({
  ...check,
  message: words(check.message),
  ...(check.fix !== undefined && { fix: words(check.fix) })
})

/** One that does not exist yet is not created for its check. */
const checkOne = (found: Configuration, name: Store) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { config } = found.settings
      const own = onDisk(config, name)
      if (own === undefined) return { name, isNew: false, problems: yield* checkAt(found, name, config) }
      const trial = yield* Effect.result(trialPath(own))
      if (Result.isFailure(trial)) {
        const fix = correctPath(placeOf(found, name))
        return { name, isNew: true, problems: [problem("stores", `${name}: ${trial.failure.message}`, fix)] }
      }
      const { success: other } = trial
      if (other === undefined) return { name, isNew: false, problems: yield* checkAt(found, name, config) }
      const problems = yield* checkAt(found, name, at(config, name, other))
      // The path of the trial is not one that the user has named.
      const named = (text: string): string => text.replaceAll(other, () => own.path)
      return { name, isNew: true, problems: problems.map((check) => inWords(check, named)) }
    })
  ) satisfies Effect.Effect<Checked, never, FileSystem.FileSystem>

const nameOf = ({ isNew, name }: Checked): string => (isNew ? `${name} (will be created)` : name)

/** One problem for each store that cannot be used. */
export const check = Effect.fnUntraced(function* (
  found: Configuration
): Effect.fn.Return<ReadonlyArray<Check>, never, FileSystem.FileSystem> {
  const used = stores.filter((name) => isUsed(found.settings.config, name))
  const checked = yield* Effect.forEach(used, (name) => checkOne(found, name), { concurrency: "unbounded" })
  const problems = checked.flatMap(({ problems }) => problems)
  if (problems.length > 0) return problems
  return [ok("stores", used.length === 0 ? "none configured" : checked.map(nameOf).join(", "))]
})
