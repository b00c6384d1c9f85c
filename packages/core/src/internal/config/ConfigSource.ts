/**
 * Reads options from the current `ConfigProvider`: from a variable such as
 * `KIMI_MAX_EVENT_BYTES`, or from a member of the object `kimi` in a JSON
 * document.
 *
 * @since 0.1.0
 */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { Name } from "./OptionTable.ts"

/**
 * `maxEventBytes` → `KIMI_MAX_EVENT_BYTES`
 *
 * @category conversions
 * @since 0.1.0
 */
export const variableName = (name: Name): string =>
  `KIMI_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`

/** Another variable that holds the key, where the first is not set. */
const otherVariables: { readonly [N in Name]?: string } = { apiKey: "MOONSHOT_API_KEY" }

/**
 * A part of a source as plain data, whose values are texts; `Option.none`
 * where it cannot be read.
 *
 * Eager, as `lookup`: most sources answer at once, and every option is looked up
 * when a client or a command starts.
 *
 * @category constructors
 * @since 0.1.0
 */
export const load: (
  provider: ConfigProvider.ConfigProvider,
  path: ConfigProvider.Path
) => Effect.Effect<Option.Option<unknown>> = Effect.fnUntracedEager(function* (provider, path) {
  const found = yield* Effect.result(provider.load(path))
  if (Result.isFailure(found)) return Option.none()
  const node = found.success
  if (node === undefined || node._tag === "Value") return Option.some(node?.value)
  const keys = node._tag === "Array" ? Array.from({ length: node.length }, (_, index) => index) : [...node.keys]
  const members: Array<readonly [string | number, unknown]> = []
  for (const key of keys) {
    const member = yield* load(provider, [...path, key])
    if (Option.isNone(member)) return Option.none()
    if (member.value !== undefined) members.push([key, member.value])
  }
  // `fromEntries` defines members and so sets no prototype, regardless of the names.
  return Option.some(node._tag === "Array" ? members.map(([, member]) => member) : Object.fromEntries(members))
})

/**
 * The text at a path; `undefined` where it is absent, empty or cannot be read.
 *
 * @category constructors
 * @since 0.1.0
 */
export const readText = (path: ConfigProvider.Path): Effect.Effect<string | undefined> =>
  Effect.gen(function* () {
    const provider = yield* ConfigProvider.ConfigProvider
    const node = yield* Effect.orElseSucceed(provider.load(path), () => undefined)
    return node?.value === "" ? undefined : node?.value
  })

/** A bound for a source that has a value for every path. */
const maxSegments = 12

/**
 * The variable at a path, or the first below it, in a source such as an
 * environment, which has variables as a tree with an underscore between the
 * levels: `kimi_foo` at `kimi.foo`. `undefined` in a document.
 *
 * @category getters
 * @since 0.1.0
 */
export const variableAt: (
  provider: ConfigProvider.ConfigProvider,
  path: ConfigProvider.Path
) => Effect.Effect<string | undefined> = Effect.fnUntracedEager(function* (provider, path) {
  const name = path.join("_")
  const variable = yield* Effect.result(provider.load([name]))
  if (Result.isSuccess(variable) && variable.success?.value !== undefined) return name
  const found = yield* Effect.result(provider.load(path))
  const node = Result.getOrUndefined(found)
  const [key] = node?._tag === "Record" ? node.keys : node?._tag === "Array" ? [0] : []
  return key === undefined || path.length >= maxSegments ? undefined : yield* variableAt(provider, [...path, key])
})

/**
 * What a source holds for an option.
 *
 * @category models
 * @since 0.1.0
 */
export interface Found {
  /** The option by the name under which it was found. */
  readonly label: string
  /** A text, or the data of a JSON document; `undefined` where it cannot be read. */
  readonly data: unknown
}

const lookupMember: (provider: ConfigProvider.ConfigProvider, name: Name) => Effect.Effect<Found | undefined> =
  Effect.fnUntracedEager(function* (provider, name) {
    const member = yield* load(provider, ["kimi", name])
    if (Option.isNone(member)) return { label: `kimi.${name}`, data: undefined }
    const data = member.value
    if (data === undefined || data === "") return undefined
    // What is below an object or a list is named by its place in it.
    const variable = typeof data === "string" ? yield* variableAt(provider, ["kimi", name]) : undefined
    return { label: variable ?? `kimi.${name}`, data }
  })

/**
 * Looks an option up in a source: its variable, then its member in the object
 * `kimi`, unless that is known to be absent. An empty text is absent.
 *
 * @category constructors
 * @since 0.1.0
 */
export const lookup: (
  provider: ConfigProvider.ConfigProvider,
  name: Name,
  document?: Pick<Document, "isAbsent">
) => Effect.Effect<Found | undefined> = Effect.fnUntracedEager(function* (provider, name, document) {
  const variables = [variableName(name), otherVariables[name]].filter((variable) => variable !== undefined)
  for (const variable of variables) {
    const found = yield* Effect.result(provider.load([variable]))
    if (Result.isFailure(found)) return { label: variable, data: undefined }
    const text = found.success?.value
    if (text !== undefined && text !== "") return { label: variable, data: text }
  }
  return document?.isAbsent === true ? undefined : yield* lookupMember(provider, name)
})

/**
 * The object `kimi`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Document {
  readonly members: ReadonlyArray<string>
  /** Whether it does not exist in any source. It may have other members in one source than in another. */
  readonly isAbsent: boolean
}

/**
 * The object `kimi`. Most sources have none: no option need be looked up in it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const document: Effect.Effect<Document> = Effect.gen(function* () {
  const provider = yield* ConfigProvider.ConfigProvider
  const found = yield* Effect.result(provider.load(["kimi"]))
  const node = Result.getOrUndefined(found)
  return {
    members: node?._tag === "Record" ? [...node.keys] : [],
    isAbsent: Result.isSuccess(found) && node === undefined
  }
})
