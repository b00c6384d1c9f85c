/**
 * Whether the request of an attempt was sent: an attempt that ended before costs
 * nothing. Only the HTTP client knows, and not every one reports it.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"

/**
 * How far the request of one attempt is. It is `unknown` where the HTTP client
 * does not report it.
 *
 * @category models
 * @since 0.1.0
 */
export class SendState {
  #status: "unknown" | "waiting" | "sent" = "unknown"

  /** Whether the attempt certainly has sent nothing so far. */
  get isUnsent(): boolean {
    return this.#status === "waiting"
  }

  /** A request waits for a connection. An attempt that has sent one before stays as it is. */
  setWaiting(): void {
    if (this.#status === "unknown") this.#status = "waiting"
  }

  /** The first byte of a request is about to be written. */
  setSent(): void {
    this.#status = "sent"
  }

  /** A request that waited will not be sent. What the attempt does next is not known. */
  setRefused(): void {
    if (this.#status === "waiting") this.#status = "unknown"
  }
}

/**
 * The state of the attempt of the current fiber; `undefined` without accounting.
 *
 * @category references
 * @since 0.1.0
 */
export const CurrentSendState = Context.Reference<SendState | undefined>(
  "@kimi-effect/core/pipeline/SendState/CurrentSendState",
  { defaultValue: () => undefined }
)
