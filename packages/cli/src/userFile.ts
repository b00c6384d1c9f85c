/** The file of options that is read without being named. */
import * as ConfigSource from "@kimi-effect/core/internal/ConfigSource"
import * as Effect from "effect/Effect"
import * as Path from "effect/Path"

// Not an import: an import of node:fs loads the streams of Node too, for each of its names.
const { existsSync } = process.getBuiltinModule("node:fs")

/** Its path where it exists. The file system of Effect would be loaded for this question alone. */
export const find = Effect.gen(function* () {
  const { isAbsolute } = yield* Path.Path
  const [base = "", home] = yield* Effect.forEach([["XDG_CONFIG_HOME"], ["HOME"]], ConfigSource.readText)
  // The rules of XDG: what is no absolute path is ignored. A file of the working folder is not read unless it is named.
  const folder = isAbsolute(base) ? base : home && `${home}/.config`
  const path = folder && `${folder}/kimi/config.json`
  return path && existsSync(path) ? path : undefined
})
