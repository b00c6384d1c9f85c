/** Why a file cannot be used, in words for the user who has named it. */
import { codeOf, meaningOf, meanings } from "@kimi-effect/client/internal/FileFailure"
import type * as PlatformError from "effect/PlatformError"

/** The reason without the code of the system. `missing` is what it means that there is no file. */
export const reasonOf = (
  { _tag, cause }: Pick<PlatformError.PlatformError["reason"], "_tag" | "cause">,
  missing: string = meanings.ENOENT
): string => {
  if (_tag === "NotFound") return missing
  // Effect has no tag for some failures, and one for several: the code of the system is that of one.
  const code = codeOf(cause) ?? _tag
  return meaningOf(code) ?? code
}
