/** The coding of a body that was sent although none was accepted. */
import type * as Headers from "effect/http/Headers"

/** The content coding that a response declares, or `undefined` if its body is plain. */
export const encodingOf = (headers: Headers.Headers): string | undefined => {
  const encoding = headers["content-encoding"]?.trim().toLowerCase()
  return encoding === undefined || encoding === "" || encoding === "identity"
    ? undefined
    : /^[a-z0-9-]{1,16}$/.test(encoding)
      ? encoding
      : "an unknown coding"
}
