/** Tags of errors from the flags of a command. */
import * as ErrorFacts from "@kimi-effect/core/ErrorFacts"
import type { KimiError } from "@kimi-effect/core/KimiError"
import * as Effect from "effect/Effect"
import { type UsageError, wrongFlag } from "../commandError.ts"

export const isTag = (tag: string): tag is KimiError["_tag"] => Object.hasOwn(ErrorFacts.table, tag)

export const tagsOf = (
  flag: string,
  names: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<KimiError["_tag"]>, UsageError> => {
  const tags = names.filter(isTag)
  return tags.length === names.length
    ? Effect.succeed(tags)
    : Effect.fail(wrongFlag(flag, "the tag of an error, which kimi batch status prints"))
}
