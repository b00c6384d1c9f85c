/**
 * Variables that begin with `KIMI_` and set no option, which are probably
 * misspelt. They are no error, because another program may use them.
 *
 * @since 0.1.0
 */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import { variableName } from "./ConfigSource.ts"
import { nearestTo } from "./NearestName.ts"
import { names } from "./OptionTable.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface UnknownVariable {
  readonly name: string
  /** The known variable whose name is nearest, where one is near. */
  readonly nearest: string | undefined
}

/** What other packages of the library read. */
const ofOtherPackages = ["KIMI_CASSETTE_MODE"]

const known: ReadonlySet<string> = new Set([...names.map(variableName), ...ofOtherPackages])

const prefix = "KIMI_"

const nearestVariable = (name: string): string | undefined => nearestTo(name.toUpperCase(), known, prefix.length)

/** Bounds for a provider that has a value for every path. */
const maxSegments = 12
const maxNames = 1_000

/** All variables below a path, which an environment gives as a tree with an underscore between the levels. */
const variablesBelow = (
  provider: ConfigProvider.ConfigProvider,
  path: ReadonlyArray<string>,
  found: Array<string>
): Effect.Effect<void> =>
  Effect.gen(function* () {
    if (path.length > maxSegments || found.length >= maxNames) return
    const node = yield* Effect.orElseSucceed(provider.load(path), () => undefined)
    if (node === undefined) return
    if (node.value !== undefined && path.length > 1) found.push(path.join("_"))
    if (node._tag === "Record") for (const key of node.keys) yield* variablesBelow(provider, [...path, key], found)
    if (node._tag === "Array") {
      for (let i = 0; i < Math.min(node.length, maxNames); i++) {
        yield* variablesBelow(provider, [...path, `${i}`], found)
      }
    }
  })

/**
 * The unknown variables of the current `ConfigProvider`, in alphabetical
 * order.
 *
 * @category constructors
 * @since 0.1.0
 */
export const find: Effect.Effect<ReadonlyArray<UnknownVariable>> = Effect.gen(function* () {
  const found: Array<string> = []
  yield* variablesBelow(yield* ConfigProvider.ConfigProvider, ["KIMI"], found)
  return found
    .filter((name) => !known.has(name))
    .toSorted()
    .map((name) => ({ name: name.slice(0, 100), nearest: nearestVariable(name.slice(0, 100)) }))
})

const describe = ({ name, nearest }: UnknownVariable): string =>
  nearest === undefined
    ? `The variable ${name} sets no option of this library`
    : `The variable ${name} sets no option of this library; did you mean ${nearest}?`

/**
 * Makes an effect that logs a warning for each unknown variable of the current
 * `ConfigProvider`, once for each name however often it runs.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeWarning = (): Effect.Effect<void> => {
  const reported = new Set<string>()
  return Effect.flatMap(find, (unknown) =>
    Effect.forEach(
      unknown.filter(({ name }) => !reported.has(name)),
      (variable) => {
        reported.add(variable.name)
        return Effect.logWarning(describe(variable))
      },
      { discard: true }
    )
  )
}
