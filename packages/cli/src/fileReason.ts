/** Why a file cannot be used, in words for the user who has named it. */
import type * as PlatformError from "effect/PlatformError"
import * as Predicate from "effect/Predicate"

const meanings: { readonly [reason: string]: string } = {
  EISDIR: "it is a folder",
  ENAMETOOLONG: "the path is too long",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of the path is a file and not a folder",
  EROFS: "the file system is read-only",
  PermissionDenied: "this process has no permission"
}

/** Effect has no tag for some failures: those have the code of the system. `missing` is what it means that there is no file. */
export const reasonOf = (
  { _tag, cause }: PlatformError.PlatformError["reason"],
  missing: string = "it does not exist"
): string => {
  if (_tag === "NotFound") return missing
  const code = Predicate.hasProperty(cause, "code") && typeof cause.code === "string" ? cause.code : _tag
  return meanings[code] ?? meanings[_tag] ?? code
}
