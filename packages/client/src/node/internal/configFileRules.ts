/** The rules of the options that name configuration files. */
import type * as OptionRules from "@kimi-effect/core/internal/OptionRules"

/** A path is a text that is not empty. */
export const configFileRules = ({
  dotEnv,
  json
}: {
  readonly dotEnv?: unknown
  readonly json?: unknown
}): ReadonlyArray<OptionRules.Rule> =>
  Object.entries({ dotEnv, json }).map(([name, path]) => [
    name,
    path === undefined || (typeof path === "string" && path.trim() !== ""),
    "the path of a file"
  ])
