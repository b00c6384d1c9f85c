/**
 * Delivers a plan on a real response: headers, writes, delays, ending.
 *
 * Delays use the machine's clock: the peer of a socket does not observe a test
 * clock.
 */
import type { ServerResponse } from "node:http"
import { delayBefore, type WirePlan } from "../../internal/wirePlan.ts"

/**
 * Milliseconds between the last write and a reset. Some kernels drop data that
 * the peer has not read when a reset arrives.
 */
const resetDelayMillis = 5

/** Node reduces longer waits to a millisecond. */
const maxDelayMillis = 2 ** 31 - 1

/** Begins a response. Headers that Node refuses, such as those of a cassette, end no process. */
const writeHead = (response: ServerResponse, { headers, status }: WirePlan): boolean => {
  const before = response.getHeaderNames()
  try {
    response.writeHead(status, { ...headers })
    return true
  } catch (error) {
    for (const name of response.getHeaderNames()) if (!before.includes(name)) response.removeHeader(name)
    response.writeHead(500, { "content-type": "text/plain; charset=utf-8" })
    response.end(`mock_server_error: the response cannot be sent: ${String(error)}`)
    return false
  }
}

/** Calls `onSettled` before the server itself ends the response early, and `onWrite` for each write that is sent. */
export const deliver = (
  response: ServerResponse,
  plan: WirePlan,
  onSettled: () => void,
  onWrite: () => void = () => undefined
): void => {
  let timer: NodeJS.Timeout | undefined
  const later = (millis: number, next: () => void): void => {
    if (millis > 0) timer = setTimeout(next, Math.min(millis, maxDelayMillis))
    else next()
  }
  const reset = (): void => {
    onSettled()
    response.socket?.resetAndDestroy()
  }
  const finish = (): void => {
    switch (plan.ending) {
      case "end":
        return void response.end()
      case "reset":
        return later(resetDelayMillis, reset)
      case "close":
        onSettled()
        return response.socket?.destroySoon()
      case "stall":
        return
    }
  }
  const begin = (): void => {
    if (!writeHead(response, plan)) return
    if (isSimple(plan)) {
      if (plan.writes.length > 0) onWrite()
      return void response.end(plan.writes[0])
    }
    response.flushHeaders()
    const writes = plan.writes[Symbol.iterator]()
    let begun = 0
    // One turn of the event loop per write. Otherwise the writes would reach the kernel as one.
    const step = (): void => {
      const next = writes.next()
      if (next.done === true) return finish()
      later(delayBefore(plan, begun++), () =>
        response.write(next.value, (error) => {
          if (error) return
          onWrite()
          setImmediate(step)
        })
      )
    }
    later(plan.bodyDelay, step)
  }
  response.once("close", () => clearTimeout(timer))
  if (plan.start === "stall") return
  if (plan.start === "reset") return reset()
  later(plan.start, begin)
}

/** Whether a single `end` delivers the whole body. */
const isSimple = (plan: WirePlan): plan is WirePlan & { readonly writes: ReadonlyArray<Uint8Array> } =>
  plan.ending === "end" &&
  plan.bodyDelay === 0 &&
  delayBefore(plan, 0) === 0 &&
  Array.isArray(plan.writes) &&
  plan.writes.length <= 1
