/** Media types of responses. */
import type * as Headers from "effect/http/Headers"

/** Whether a response declares server-sent events. Media types are case-insensitive and may have parameters. */
export const isEventStream = (headers: Headers.Headers): boolean =>
  /^\s*text\/event-stream\s*(?:[;,]|$)/i.test(headers["content-type"] ?? "")
