/** Tags of errors from the flags of a command. */
import { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as ErrorFacts from "@kimi-effect/core/ErrorFacts"
import type { KimiError } from "@kimi-effect/core/KimiError"
import * as Effect from "effect/Effect"

export const isTag = (tag: string): tag is KimiError["_tag"] => Object.hasOwn(ErrorFacts.table, tag)

export const tagsOf = (
  flag: string,
  names: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<KimiError["_tag"]>, ConfigurationError> => {
  const tags = names.filter(isTag)
  return tags.length === names.length
    ? Effect.succeed(tags)
    : Effect.fail(
        ConfigurationError.of([{ name: flag, expected: "the tag of an error, which kimi batch status prints" }])
      )
}
